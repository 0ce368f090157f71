//! How the bytes that libFuzzer gives become the arguments of a target. `seeds.py` writes them.

/// Takes the next field off `input`: a length in two bytes, the low one first, and as many bytes,
/// or as many as are left.
pub fn field<'a>(input: &mut &'a [u8]) -> &'a [u8] {
    let Some((&length, rest)) = input.split_first_chunk() else {
        return std::mem::take(input);
    };
    let length = rest.len().min(u16::from_le_bytes(length).into());
    let (field, rest) = rest.split_at(length);
    *input = rest;
    field
}

/// A candidate beside the right one, which no fuzzer finds by itself: the digits of `tag` with
/// `changes` laid over them by exclusive or. No change gives the right one.
pub fn near(tag: &[u8; 32], changes: &[u8]) -> Vec<u8> {
    let mut digits = crate::oracle::write_hex(tag).into_bytes();
    for (digit, change) in digits.iter_mut().zip(changes) {
        *digit ^= change;
    }
    digits
}

//! What memcheck is to take for a secret, and what is public again.

use std::ptr;

use crabgrind::memcheck::{self, MemState};

/// Marks every byte of `value` as undefined: from here on memcheck reports each branch and each
/// address that depends on it.
pub fn hide<T>(mut value: T) -> T {
    mark(&mut value, MemState::Undefined);
    value
}

/// Marks `value` as defined again: a result that whoever asked for it is told.
///
/// # Panics
///
/// Panics if all of it was defined already: then no secret went into it, and nothing was checked.
pub fn reveal<T>(mut value: T) -> T {
    let mut undefined = vec![0; size_of::<T>()];
    let read = memcheck::vbits(ptr::from_mut(&mut value).cast(), &mut undefined);
    assert_eq!(read, Ok(()), "memcheck did not tell what is undefined");
    assert!(
        undefined.iter().any(|&bits| bits > 0),
        "no secret reached the result"
    );
    mark(&mut value, MemState::Defined);
    value
}

/// Marks `len` bytes of `value` as defined: those that are no secret.
pub fn reveal_part<T>(value: &mut T, offset: usize, len: usize) {
    assert!(offset + len <= size_of::<T>(), "a part of the value");
    let place = ptr::from_mut(value).wrapping_byte_add(offset).cast();
    let marked = memcheck::mark_memory(place, len, MemState::Defined);
    assert_eq!(marked, Ok(()), "memcheck did not mark the memory");
}

// The address is taken from a mutable reference, so that the compiler reads the value again.
fn mark<T>(value: &mut T, state: MemState) {
    let marked = memcheck::mark_memory(ptr::from_mut(value).cast(), size_of::<T>(), state);
    assert_eq!(marked, Ok(()), "memcheck did not mark the memory");
}

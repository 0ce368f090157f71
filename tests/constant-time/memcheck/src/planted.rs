//! Leaks that memcheck has to see: if it does not, its silence about the product means nothing.

use std::hint::black_box;

use crate::secret::hide;

/// A comparison that stops at the first difference.
pub fn early_exit() {
    compare(&hide([0x5a_u8; 32]), &[0; 32]);
}

/// Compares until the first difference.
pub fn compare(expected: &[u8; 32], candidate: &[u8; 32]) {
    // Each step behind a barrier, or the compiler would compare all bytes at once.
    let same = |(a, b): (&u8, &u8)| black_box(a == b);
    black_box(expected.iter().zip(candidate).all(same));
}

/// A table that is read at a place which the secret decides, as a careless hex encoder does.
pub fn table_lookup() {
    let tag = hide([0x5a_u8; 32]);
    let digits = black_box(*b"0123456789abcdef");
    black_box(tag.map(|byte| digits[usize::from(byte >> 4)]));
}

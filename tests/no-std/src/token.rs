//! Signs and verifies a token on a heap of the program's own.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;

use identity_hmac::{IdentityClaims, TokenKey, TokenKeyring};

/// A heap with no room: the program is linked and never run.
struct NoRoom;

// SAFETY: it gives out no memory.
unsafe impl GlobalAlloc for NoRoom {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: NoRoom = NoRoom;

/// Whether a keyring accepts what its key signed, for that visitor and no other.
#[unsafe(no_mangle)]
pub extern "C" fn signs_and_verifies_tokens(now: u64) -> bool {
    const TEXT: &str =
        "itk_9f2c41aa_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let claims = IdentityClaims::new("visitor_1", "user_123").email("jane@example.com");
    let Ok(key) = TokenKey::parse(TEXT) else {
        return false;
    };
    let Ok(token) = key.sign(&claims, now) else {
        return false;
    };
    let keyring = TokenKeyring::new(key);
    keyring.verify(&token, "visitor_1", None, now).is_ok()
        && keyring.verify(&token, "visitor_2", None, now).is_err()
}

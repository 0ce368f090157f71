//! Signs and verifies without an operating system.
#![no_std]

#[cfg(feature = "route")]
mod route;
#[cfg(feature = "token")]
mod token;

use identity_hmac::{IdentityKey, VerificationFailed};

/// Whether a key accepts its own signature and no other.
#[unsafe(no_mangle)]
pub extern "C" fn signs_and_verifies() -> bool {
    let Ok(key) = IdentityKey::new("s3cret") else {
        return false;
    };
    let Ok(hmac) = key.sign("visitor_1") else {
        return false;
    };
    let mut buffer = [0; 64];
    let digits = hmac.encode_hex(&mut buffer);
    key.verify("visitor_1", &*digits).is_ok()
        && key.verify("visitor_2", &*digits) == Err(VerificationFailed)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

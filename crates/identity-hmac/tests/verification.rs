//! The document's rule: every mode with every kind of hmac.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use identity_hmac::Verification::{Ignored, Invalid, Missing, Verified};
use identity_hmac::VerificationMode::{Observe, Off, Required};
use identity_hmac::{IdentityKey, Keyring, Matched, Verification, VerificationMode};

const VISITOR_ID: &str = "visitor_1";

fn verify(mode: VerificationMode, hmac: Option<&str>) -> Verification {
    let key = |secret: &str| IdentityKey::new(secret).unwrap();
    let keyring = Keyring::new(key("n3w")).with_previous(key("0ld"));
    mode.verify(&keyring, VISITOR_ID, hmac)
}

fn signed_with(secret: &str) -> String {
    identity_hmac::generate_identity_hmac(VISITOR_ID, secret)
        .unwrap()
        .to_hex()
}

#[test]
fn off_ignores_whatever_comes() {
    for hmac in [None, Some("forged"), Some(&*signed_with("n3w"))] {
        let outcome = verify(Off, hmac);
        assert_eq!(outcome, Ignored);
        assert!(!outcome.is_refused());
        assert!(!outcome.is_verified());
    }
}

#[test]
fn off_is_the_default() {
    assert_eq!(VerificationMode::default(), Off);
}

#[test]
fn a_mode_is_written_as_it_is_read() {
    for (mode, text) in [(Off, "off"), (Observe, "observe"), (Required, "required")] {
        assert_eq!(mode.to_string(), text);
        assert_eq!(text.parse(), Ok(mode));
    }
}

#[test]
fn a_missing_hmac_is_refused_where_required_and_reported_where_observed() {
    assert_eq!(verify(Required, None), Missing { refused: true });
    assert!(verify(Required, None).is_refused());
    assert_eq!(verify(Observe, None), Missing { refused: false });
    assert!(!verify(Observe, None).is_refused());
}

#[test]
fn a_wrong_hmac_is_refused_where_required_and_reported_where_observed() {
    let others = identity_hmac::generate_identity_hmac("visitor_2", "n3w")
        .unwrap()
        .to_hex();
    for wrong in ["", "forged", &others, &signed_with("0lder")] {
        assert_eq!(verify(Required, Some(wrong)), Invalid { refused: true });
        assert!(verify(Required, Some(wrong)).is_refused());
        assert_eq!(verify(Observe, Some(wrong)), Invalid { refused: false });
        assert!(!verify(Observe, Some(wrong)).is_refused());
        assert!(!verify(Observe, Some(wrong)).is_verified());
    }
}

#[test]
fn a_valid_hmac_is_verified_and_tells_its_key_where_required_and_where_observed() {
    for mode in [Required, Observe] {
        for (secret, matched) in [("n3w", Matched::Current), ("0ld", Matched::Previous)] {
            let outcome = verify(mode, Some(&signed_with(secret)));
            assert_eq!(outcome, Verified(matched));
            assert!(outcome.is_verified());
            assert!(!outcome.is_refused());
        }
    }
}

#[test]
fn a_later_previous_key_replaces_an_earlier_one() {
    let key = |secret: &str| IdentityKey::new(secret).unwrap();
    let keyring = Keyring::new(key("n3w"))
        .with_previous(key("0lder"))
        .with_previous(key("0ld"));
    assert_eq!(
        keyring.matched(VISITOR_ID, signed_with("0ld")),
        Some(Matched::Previous)
    );
    assert_eq!(keyring.matched(VISITOR_ID, signed_with("0lder")), None);
}

//! What is not secret can be serialized, as the text that the protocol uses.
#![cfg(all(feature = "serde", feature = "std"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use identity_hmac::{IdentityHmac, Matched, VerificationMode, generate_identity_hmac};
use serde_json::{from_str, json, to_value};

#[test]
fn an_hmac_is_its_lowercase_digits_and_reads_back_in_either_case() {
    let hmac = generate_identity_hmac("visitor_1", "s3cret").unwrap();
    assert_eq!(to_value(hmac).unwrap(), json!(hmac.to_hex()));
    let upper = json!(hmac.to_hex().to_uppercase()).to_string();
    assert!(from_str::<IdentityHmac>(&upper).unwrap() == hmac);
}

#[test]
fn what_is_not_an_hmac_is_refused_without_being_repeated() {
    for text in [r#""correct horse""#, r#""""#, "12", "null", "[]"] {
        let error = from_str::<IdentityHmac>(text).unwrap_err().to_string();
        assert!(error.contains("64 hexadecimal digits"), "{error}");
        assert!(!error.contains("horse"), "{error}");
    }
}

#[test]
fn modes_and_matches_are_their_lowercase_names() {
    use VerificationMode::{Observe, Off, Required};
    for (mode, name) in [(Off, "off"), (Observe, "observe"), (Required, "required")] {
        assert_eq!(to_value(mode).unwrap(), json!(name));
        assert_eq!(
            from_str::<VerificationMode>(&json!(name).to_string()).unwrap(),
            mode
        );
    }
    for matched in [Matched::Current, Matched::Previous] {
        assert_eq!(to_value(matched).unwrap(), json!(matched.as_str()));
        assert_eq!(
            from_str::<Matched>(&json!(matched.as_str()).to_string()).unwrap(),
            matched
        );
    }
}

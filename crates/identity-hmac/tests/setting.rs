//! What a search for the cause of a wrong signature tries is what a setting is refused for.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use identity_hmac::{IdentityKey, Keyring, Matched, generate_identity_hmac, setting};

fn code(value: &str) -> &'static str {
    let read = IdentityKey::from_setting("CHAT_SECRET", Some(value.as_bytes()));
    read.unwrap_err().code()
}

#[test]
fn every_placeholder_is_refused_as_one_in_every_spelling() {
    let placeholders: Vec<_> = setting::placeholders().collect();
    for spelling in [
        "undefined",
        "None",
        "NULL",
        "change-me",
        "CHANGE_ME",
        "changeme",
        "your secret",
    ] {
        assert!(
            placeholders
                .iter()
                .any(|placeholder| placeholder == spelling),
            "{spelling}"
        );
    }
    assert_eq!(
        placeholders.iter().collect::<HashSet<_>>().len(),
        placeholders.len()
    );
    for placeholder in placeholders {
        assert_eq!(code(&placeholder), "secret_placeholder", "{placeholder}");
    }
}

#[test]
fn every_reference_is_refused_as_a_variable_that_nothing_expanded() {
    let references: Vec<_> = setting::references("CHAT_SECRET").collect();
    for way in [
        "CHAT_SECRET",
        "$CHAT_SECRET",
        "${CHAT_SECRET}",
        "process.env.CHAT_SECRET",
    ] {
        assert!(references.iter().any(|reference| reference == way), "{way}");
    }
    for reference in references {
        assert_eq!(
            code(&reference),
            "secret_unexpanded_variable",
            "{reference}"
        );
    }
}

#[test]
fn a_previous_secret_is_read_if_there_is_one() {
    let stale = generate_identity_hmac("visitor_1", "0ld").unwrap();
    let matched = |previous: Option<&[u8]>| {
        let current = ("CHAT_SECRET", Some(&b"n3w"[..]));
        let keyring = Keyring::from_settings(current, ("PREVIOUS", previous));
        keyring.map(|keyring| keyring.matched("visitor_1", stale))
    };
    assert_eq!(matched(Some(b"0ld")), Ok(Some(Matched::Previous)));
    assert_eq!(matched(None), Ok(None));
    assert_eq!(matched(Some(b"")), Ok(None));
    for mistake in [" ", "0ld\n", "changeme"] {
        let error = matched(Some(mistake.as_bytes())).unwrap_err();
        assert!(error.to_string().starts_with("PREVIOUS "), "{error}");
    }
}

#[test]
fn a_keyring_has_no_current_secret_but_the_one_of_its_setting() {
    let previous = ("PREVIOUS", Some(&b"0ld"[..]));
    for value in [None, Some(&b""[..])] {
        let error = Keyring::from_settings(("CHAT_SECRET", value), previous).unwrap_err();
        assert!(error.to_string().starts_with("CHAT_SECRET "), "{error}");
    }
}

#[test]
fn a_keyring_is_read_from_variables() {
    // Cargo sets these for a test; the names say what they hold.
    let keyring = Keyring::from_env("CARGO_PKG_NAME", "A_VARIABLE_THAT_IS_NOT_SET").unwrap();
    let hmac = generate_identity_hmac("visitor_1", "identity-hmac").unwrap();
    assert_eq!(keyring.matched("visitor_1", hmac), Some(Matched::Current));
    let keyring = Keyring::from_env("CARGO_PKG_VERSION", "CARGO_PKG_NAME").unwrap();
    assert_eq!(keyring.matched("visitor_1", hmac), Some(Matched::Previous));
}

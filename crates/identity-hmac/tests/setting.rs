//! What a search for the cause of a wrong signature tries is what a setting is refused for.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use identity_hmac::{IdentityKey, setting};

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

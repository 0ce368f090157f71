//! No secret and no key state in any `Debug`, in any error, or in memory after a drop.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;
use std::mem::MaybeUninit;

use identity_hmac::{
    IdentityKey, InputError, Keyring, Matched, Verification, VerificationFailed, VerificationMode,
    VerifyError,
};

const SECRET: &str = "correct horse battery staple";

/// What `Debug` prints, plain and pretty.
fn debug(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn debug_of_what_is_made_from_a_secret_is_its_name_alone() {
    let key = IdentityKey::new(SECRET).unwrap();
    let hmac = key.sign("visitor_1").unwrap();
    assert_eq!(debug(&hmac), "IdentityHmac(..) IdentityHmac(..)");
    assert_eq!(debug(&key), "IdentityKey { .. } IdentityKey { .. }");
    let keyring = Keyring::new(key.clone()).with_previous(key);
    assert_eq!(debug(&keyring), "Keyring { .. } Keyring { .. }");
}

#[test]
fn debug_and_display_of_everything_else_hold_neither_secret_nor_hmac() {
    let name = String::from("IDENTITY_SECRET");
    let hmac = IdentityKey::new(SECRET)
        .unwrap()
        .sign("visitor_1")
        .unwrap()
        .to_hex();
    let errors = [
        InputError::EmptySecret,
        InputError::EmptyVisitorId,
        InputError::MalformedHmac,
        IdentityKey::from_setting(&name, None).unwrap_err(),
        IdentityKey::from_setting(&name, Some(b" ")).unwrap_err(),
        IdentityKey::from_setting(&name, Some(format!("{SECRET}\0").as_bytes())).unwrap_err(),
        IdentityKey::from_setting(&name, Some(format!("{SECRET}\n").as_bytes())).unwrap_err(),
        IdentityKey::from_setting(&name, Some(format!("'{SECRET}'").as_bytes())).unwrap_err(),
        IdentityKey::from_setting(&name, Some(&[SECRET.as_bytes(), b"\xff"].concat())).unwrap_err(),
        IdentityKey::from_setting(&name, Some(b"<horse>")).unwrap_err(),
        IdentityKey::from_setting(&name, Some(b"${HORSE:-horse}")).unwrap_err(),
        IdentityKey::from_setting(&name, Some(format!("SECRET={SECRET}").as_bytes())).unwrap_err(),
        IdentityKey::from_setting(&name, Some(format!("{SECRET} # horse").as_bytes())).unwrap_err(),
    ];
    let codes: std::collections::HashSet<_> = errors.iter().map(InputError::code).collect();
    assert_eq!(
        codes.len(),
        errors.len(),
        "each fault has a code of its own"
    );

    let mut printed: Vec<String> = errors
        .iter()
        .map(|error| format!("{error} {}", debug(error)))
        .collect();
    printed.extend(errors.map(|error| debug(&VerifyError::from(error))));
    printed.push(debug(&VerifyError::from(VerificationFailed)));
    printed.push(debug(&VerificationFailed));
    printed.push(debug(&[Matched::Current, Matched::Previous]));
    printed.push(debug(&VerificationMode::Required));
    let keyring = Keyring::new(IdentityKey::new(SECRET).unwrap());
    for candidate in [None, Some("forged"), Some(hmac.as_str())] {
        let outcome: Verification = VerificationMode::Observe.verify(&keyring, "v", candidate);
        printed.push(debug(&outcome));
    }
    for text in printed {
        assert!(!text.contains("horse") && !text.contains(&hmac), "{text}");
    }
}

#[test]
fn a_failed_verification_reads_as_the_document_says_and_tells_no_more() {
    assert_eq!(VerificationFailed.to_string(), "HMAC verification failed");
    assert_eq!(
        VerifyError::from(VerificationFailed).to_string(),
        "HMAC verification failed"
    );
}

#[test]
fn the_text_of_a_malformed_hmac_is_not_in_its_error() {
    let error = format!("{:?}", SECRET.parse::<identity_hmac::IdentityHmac>());
    assert_eq!(error, "Err(MalformedHmac)");
}

/// The bytes that a value leaves where it was, after it was dropped, and those it had before.
#[allow(
    unsafe_code,
    reason = "only so can a test see what a drop leaves behind"
)]
fn bytes_around_drop<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut place = Box::new(MaybeUninit::new(value));
    let bytes = |place: &MaybeUninit<T>| {
        // SAFETY: the place is one allocation of this size; the types tested here have no
        // padding, and bytes that a drop wrote or left are initialised.
        unsafe { std::slice::from_raw_parts(place.as_ptr().cast::<u8>(), size_of::<T>()) }.to_vec()
    };
    let before = bytes(&place);
    // SAFETY: the value was written above and is not used as a value afterwards.
    unsafe { place.assume_init_drop() };
    let after = bytes(&place);
    (before, after)
}

#[cfg(feature = "token")]
#[test]
fn nothing_of_a_token_key_shows_but_its_id() {
    const KEY: &str =
        "itk_9f2c41aa_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let key = identity_hmac::TokenKey::parse(KEY).unwrap();
    let shown = "TokenKey { kid: 9f2c41aa, .. }";
    assert_eq!(debug(&key), format!("{shown} {shown}"));
    let keyring = identity_hmac::TokenKeyring::new(key.clone()).with_previous(key);
    assert_eq!(debug(&keyring), "TokenKeyring { .. } TokenKeyring { .. }");
    for value in [KEY.to_uppercase(), format!("{KEY}\n"), KEY[..70].into()] {
        let read = identity_hmac::TokenKey::from_setting("NAME", Some(value.as_bytes()));
        let error = read.unwrap_err();
        let shown = format!("{error} {}", debug(&error)).to_lowercase();
        assert!(!shown.contains("000102"), "{shown}");
    }
    let error = IdentityKey::from_setting("NAME", Some(KEY.as_bytes())).unwrap_err();
    let shown = format!("{error} {}", debug(&error));
    assert!(!shown.contains("000102"), "{shown}");
}

#[cfg(feature = "token")]
#[test]
fn a_dropped_token_key_leaves_its_id_alone() {
    let text = identity_hmac::TokenKey::generate().unwrap();
    let (before, after) = bytes_around_drop(identity_hmac::TokenKey::parse(&text).unwrap());
    let count = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte != 0).count();
    assert!(count(&before) > 32 + 8, "the key's state was there");
    assert!(count(&after) <= 8, "{after:?}");
}

#[test]
fn a_dropped_key_leaves_zeros() {
    let (before, after) = bytes_around_drop(IdentityKey::new(SECRET).unwrap());
    assert!(
        before.iter().filter(|&&byte| byte != 0).count() > 32,
        "the key's state was there"
    );
    assert!(after.iter().all(|&byte| byte == 0), "{after:?}");
}

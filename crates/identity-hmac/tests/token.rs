//! What holds for every token key and token, beyond the cases of the vectors.
#![cfg(all(feature = "std", feature = "token"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64ct::{Base64UrlUnpadded, Encoding};
use identity_hmac::attributes::{Metadata, Patch};
use identity_hmac::token::{ClaimFault, MAX_LIFETIMES, MAX_TOKEN_CHARS};
use identity_hmac::{
    IdentityClaims, IdentityHmac, IdentityKey, InputError, TokenError, TokenKey, TokenKeyring,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: u64 = 1_764_000_000;
const VISITOR: &str = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90";
const KEY: &str = "itk_9f2c41aa_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECRET: &str = "9c3a7be1d4f280659c3a7be1d4f280659c3a7be1d4f280659c3a7be1d4f28065";

fn key() -> TokenKey {
    TokenKey::parse(KEY).unwrap()
}

fn claims() -> IdentityClaims {
    IdentityClaims::new(VISITOR, "user_123")
}

fn sign(claims: &IdentityClaims) -> String {
    key().sign(claims, NOW).unwrap()
}

/// What a token signs, with the claims that an attacker would like.
fn signing_input() -> String {
    let payload = json!({"sub": "admin", "visitorId": VISITOR, "iat": NOW, "exp": NOW + 300});
    signing_input_of(&payload.to_string())
}

fn signing_input_of(payload: &str) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT","kid":"9f2c41aa"}"#;
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    format!("{}.{}", encode(header), encode(payload))
}

fn sealed(hmac: &IdentityHmac) -> String {
    seal(&signing_input(), hmac)
}

fn seal(signing_input: &str, hmac: &IdentityHmac) -> String {
    let signature = Base64UrlUnpadded::encode_string(hmac.as_bytes());
    format!("{signing_input}.{signature}")
}

/// A token with this payload, made without our signer, and what becomes of it.
fn verified_by_hand(payload: &str, now: u64) -> Result<(), TokenError> {
    let signing_input = signing_input_of(payload);
    let hmac = IdentityKey::new(KEY).unwrap().sign(&signing_input).unwrap();
    let keyring = TokenKeyring::new(key()).with_max_lifetime(86_400).unwrap();
    let token = seal(&signing_input, &hmac);
    keyring.verify(token, VISITOR, Some("pk_1"), now).map(drop)
}

/// A route that signs whatever id it is asked to sign, as the document's snippet does.
fn route(id: &[u8]) -> IdentityHmac {
    IdentityKey::new(SECRET).unwrap().sign(id).unwrap()
}

#[test]
fn a_token_that_the_hmac_route_signed_is_refused() {
    let keyring = TokenKeyring::new(key());
    let forged = sealed(&route(signing_input().as_bytes()));
    let refused = keyring.verify(forged, VISITOR, None, NOW);
    assert_eq!(refused, Err(TokenError::Invalid));
}

#[test]
fn a_key_that_the_hmac_route_derives_signs_no_token() {
    let keyring = TokenKeyring::new(key());
    for label in [
        "identity-token",
        "itk_",
        "itk_9f2c41aa_",
        "HS256",
        "9f2c41aa",
    ] {
        // HMAC(secret, label), and the first block of HKDF-Expand (RFC 5869 section 2.3).
        for asked in [label.as_bytes(), &[label.as_bytes(), b"\x01"].concat()] {
            let derived = route(asked);
            for secret in [derived.as_bytes(), derived.to_hex().as_bytes()] {
                let by_bytes = IdentityKey::new(secret).unwrap();
                let forged = sealed(&by_bytes.sign(signing_input()).unwrap());
                let refused = keyring.verify(forged, VISITOR, None, NOW);
                assert_eq!(refused, Err(TokenError::Invalid));
            }
        }
    }
}

#[test]
fn the_hmacs_secret_and_what_a_route_derives_from_it_are_no_token_keys() {
    for text in [
        SECRET.to_owned(),
        route(b"identity-token").to_hex(),
        route(b"identity-token\x01").to_hex(),
    ] {
        assert!(TokenKey::parse(&text).is_err());
        assert!(TokenKey::from_setting("IDENTITY_TOKEN_KEY", Some(text.as_bytes())).is_err());
    }
}

#[test]
fn a_setting_refuses_a_token_key_as_secret() {
    let read = IdentityKey::from_setting("IDENTITY_SECRET", Some(KEY.as_bytes()));
    assert_eq!(read.unwrap_err().code(), "token_key_as_secret");
    // Byte for byte what the document's function signs, whatever the secret.
    assert!(IdentityKey::new(KEY).unwrap().sign("visitor_1").is_ok());
}

#[test]
fn no_character_of_a_token_can_be_changed() {
    let keyring = TokenKeyring::new(key());
    let token = sign(&claims());
    assert!(keyring.verify(&token, VISITOR, None, NOW).is_ok());
    for place in 0..token.len() {
        for other in *b"Aaz09-_.=" {
            let mut changed = token.clone().into_bytes();
            if std::mem::replace(&mut changed[place], other) != other {
                let refused = keyring.verify(&changed, VISITOR, None, NOW);
                assert_eq!(refused, Err(TokenError::Invalid), "{place}");
            }
        }
    }
}

#[test]
fn a_generated_key_has_the_form_of_a_token_key_and_is_new() {
    let (first, second) = (TokenKey::generate().unwrap(), TokenKey::generate().unwrap());
    let key = TokenKey::parse(&first).unwrap();
    assert_eq!(key.key_id(), &first[4..12]);
    assert_ne!(first[4..12], second[4..12]);
    assert_ne!(first[13..], second[13..]);
}

#[test]
fn a_variable_that_is_not_set_holds_no_token_key() {
    for name in ["A_VARIABLE_THAT_IS_NOT_SET", "", "=", "A\0B"] {
        let error = TokenKey::from_env(name).unwrap_err();
        let name = name.to_owned();
        assert_eq!(error, InputError::TokenKeyUnset { name });
    }
    // Cargo sets this variable for every test that it runs.
    let error = TokenKey::from_env("CARGO_PKG_NAME").unwrap_err();
    assert_eq!(error.code(), "malformed_token_key");
    let read = TokenKey::from_setting("IDENTITY_TOKEN_KEY", Some(b"itk_\xff"));
    assert_eq!(read.unwrap_err().code(), "malformed_token_key");
}

#[test]
fn a_later_previous_key_replaces_an_earlier_one() {
    let new = || TokenKey::parse(&TokenKey::generate().unwrap()).unwrap();
    let keyring = TokenKeyring::new(new()).with_previous(key());
    let token = sign(&claims());
    assert!(keyring.verify(&token, VISITOR, None, NOW).is_ok());
    let keyring = keyring.with_previous(new());
    let refused = keyring.verify(&token, VISITOR, None, NOW);
    assert_eq!(refused, Err(TokenError::Invalid));
}

#[test]
fn the_longest_lifetime_is_set_to_a_minute_at_least_and_a_day_at_most() {
    assert_eq!(MAX_LIFETIMES, 60..=86_400);
    for seconds in [0, 59, 86_401, u64::MAX] {
        let keyring = TokenKeyring::new(key()).with_max_lifetime(seconds);
        let error = keyring.unwrap_err();
        assert_eq!(error.code(), "max_lifetime_out_of_range");
        assert!(error.to_string().contains("60 and 86400"), "{error}");
    }
    for seconds in [60, 86_400] {
        let keyring = TokenKeyring::new(key()).with_max_lifetime(seconds);
        assert!(keyring.is_ok());
    }
}

#[test]
fn a_patch_tells_what_becomes_of_an_attribute() {
    let patches = [Patch::Keep, Patch::Clear, Patch::from("Jane")];
    assert_eq!(patches.each_ref().map(Patch::is_keep), [true, false, false]);
    assert_eq!(
        patches.each_ref().map(Patch::value),
        [None, None, Some(&"Jane".to_owned())]
    );
}

#[test]
fn metadata_is_taken_as_a_value_and_as_text() {
    let metadata = Metadata::from_iter([("plan".to_owned(), json!("pro"))]);
    let by_value = sign(&claims().metadata(metadata));
    let by_text = claims().metadata_json(r#" {"plan": "pro"} "#).unwrap();
    assert_eq!(by_value, sign(&by_text));
    let cleared = sign(&claims().metadata(Patch::Clear));
    assert_eq!(cleared, sign(&claims().metadata_json("null").unwrap()));
}

#[test]
fn metadata_that_is_not_one_json_object_is_refused() {
    let deep = format!("{}{{}}{}", r#"{"a":"#.repeat(8), "}".repeat(8));
    for (text, fault) in [
        ("[]", ClaimFault::Type),
        ("\"pro\"", ClaimFault::Type),
        ("", ClaimFault::NotJson),
        ("{'plan': 1}", ClaimFault::NotJson),
        (r#"{"plan": 1, "plan": 2}"#, ClaimFault::Twice),
        (r#"{"plan": "\u0000"}"#, ClaimFault::NotJson),
        (deep.as_str(), ClaimFault::NotJson),
    ] {
        let Err(InputError::InvalidClaim(error)) = claims().metadata_json(text) else {
            panic!("{text} was taken");
        };
        assert_eq!((error.field(), error.fault()), (Some("metadata"), fault));
    }
}

#[test]
fn verified_claims_serialize_as_the_claims_with_the_kid() {
    let given = claims().name("Jane").email(Patch::Clear);
    let verified = TokenKeyring::new(key()).verify(sign(&given), VISITOR, None, NOW);
    let mut verified = verified.unwrap();
    let expected = json!({
        "sub": "user_123", "visitorId": VISITOR, "iat": NOW, "exp": NOW + 300,
        "name": "Jane", "email": null, "kid": "9f2c41aa",
    });
    assert_eq!(serde_json::to_value(&verified).unwrap(), expected);
    verified.issued_at = 0.5;
    verified.expires_at = 1e300;
    let times = serde_json::to_value(&verified).unwrap();
    assert_eq!((&times["iat"], &times["exp"]), (&json!(0.5), &json!(1e300)));
}

#[test]
fn each_error_has_a_code_and_tells_its_remedy_last() {
    let keyring = TokenKeyring::new(key());
    let token = sign(&claims());
    let refused = |token: &str, visitor: &str, now| {
        let error = keyring.verify(token, visitor, None, now).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(&format!("; {}", error.remedy()))
        );
        (error.code(), error.field(), error.to_string())
    };
    let (code, field, message) = refused("", VISITOR, NOW);
    assert_eq!((code, field), ("identity_token_invalid", None));
    assert!(message.contains("doctor token"), "{message}");
    let (code, field, message) = refused(&token, VISITOR, NOW + 360);
    assert_eq!((code, field), ("identity_token_expired", Some("exp")));
    let times = "exp is 1764000300, and the time is 1764000360";
    assert!(message.contains(times), "{message}");
    let (code, field, message) = refused(&token, VISITOR, NOW - 61);
    assert_eq!((code, field), ("identity_token_not_yet_valid", Some("iat")));
    let times = "iat is 1764000000, and the time is 1763999939";
    assert!(message.contains(times), "{message}");
    let (code, field, _) = refused(&token, "visitor_2", NOW);
    assert_eq!(
        (code, field),
        ("identity_token_other_visitor", Some("visitorId"))
    );
}

#[test]
fn the_remedy_of_a_claim_says_what_it_has_to_hold() {
    let good = json!({"sub": "user_123", "visitorId": VISITOR, "iat": NOW, "exp": NOW + 300});
    for (field, remedy) in [
        (
            "sub",
            "set it to your own id of the user, a string of 1 to 256",
        ),
        ("visitorId", "set it to the visitor id that the page sent"),
        ("iat", "set it to the time of signing, a number of seconds"),
        (
            "exp",
            "set it to the time at which the token ends, a number",
        ),
        (
            "nbf",
            "set it to a number of seconds since 1970, or leave it out",
        ),
        (
            "aud",
            "set it to the organization key (pk_…), or leave it out",
        ),
        ("name", "set it to a string of 1 to 256 characters, or null"),
        ("email", "set it to an address of at most 320 characters"),
        ("metadata", "set it to a JSON object, or null"),
    ] {
        let mut payload = good.clone();
        payload[field] = true.into();
        let error = verified_by_hand(&payload.to_string(), NOW).unwrap_err();
        assert_eq!(error.field(), Some(field));
        assert!(error.remedy().starts_with(remedy), "{}", error.remedy());
    }
}

#[test]
fn the_longest_token_that_is_signed_is_as_long_as_a_token_may_be() {
    let with_room_for = |len| key().sign(&claims().audience("x".repeat(len)), NOW);
    // Base64url makes four characters of three bytes.
    let tokens = (0..MAX_TOKEN_CHARS / 4 * 3).rev().map(with_room_for);
    let longest = tokens.flatten().next().unwrap();
    assert_eq!(longest.len(), MAX_TOKEN_CHARS);
}

#[test]
fn a_token_takes_no_more_memory_than_its_characters() {
    for claims in [claims(), claims().email("jane@example.com")] {
        let token = sign(&claims);
        assert_eq!(token.capacity(), token.len());
    }
}

/// What a person could be known by, in every claim.
fn personal() -> IdentityClaims {
    IdentityClaims::new("canary_visitor", "canary_user")
        .name("canary")
        .email("canary@example.com")
        .metadata_json(r#"{"canary": "canary"}"#)
        .unwrap()
        .audience("canary")
}

#[test]
fn no_error_holds_the_value_of_a_claim() {
    let keyring = TokenKeyring::new(key());
    let token = sign(&personal());
    let mut errors = Vec::new();
    for (visitor, audience, now) in [
        ("canary_visitor", None, NOW),
        ("canary_visitor", None, NOW + 9999),
        ("canary_visitor", None, 0),
        ("v", Some("canary"), NOW),
    ] {
        errors.push(keyring.verify(&token, visitor, audience, now).unwrap_err());
    }
    let revoked = keyring.with_tokens_valid_after(NOW + 1);
    errors.push(
        revoked
            .verify(&token, "canary_visitor", Some("canary"), NOW)
            .unwrap_err(),
    );
    for error in errors {
        assert!(
            !format!("{error} {error:?} {error:#?}").contains("canary"),
            "{error}"
        );
    }
    for claims in [
        personal().email("canary"),
        personal().name("canary".repeat(99)),
        personal().expires_in(0),
        IdentityClaims::new("canary", "canary\0"),
    ] {
        let error = key().sign(&claims, NOW).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    let twice = personal().metadata_json(r#"{"canary": 1, "canary": 2}"#);
    let error = twice.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

fn attribute() -> impl Strategy<Value = Patch<String>> {
    let text = "[^\\x00]{0,30}[^\\x00\\s][^\\x00]{0,29}";
    prop_oneof![
        Just(Patch::Keep),
        Just(Patch::Clear),
        text.prop_map(Patch::Set),
    ]
}

/// Any JSON without NUL that is at most so many levels deep.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[^\\x00]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[^\\x00]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A text that stands for itself or breaks one of the rules: blank, with a NUL, too long.
fn text_of_any_kind(good: &'static str, limit: usize) -> impl Strategy<Value = String> {
    let fill = move |len: usize| good.to_owned() + &"x".repeat(len - good.len());
    prop_oneof![
        4 => Just(good.to_owned()),
        1 => Just(fill(limit)),
        1 => Just(fill(limit + 1)),
        1 => prop_oneof![Just(""), Just(" \u{3000}"), Just("\0"), Just("a\0b")].prop_map(String::from),
    ]
}

fn attribute_of_any_kind(
    text: impl Strategy<Value = String>,
) -> impl Strategy<Value = Patch<String>> {
    prop_oneof![
        1 => Just(Patch::Keep),
        1 => Just(Patch::Clear),
        4 => text.prop_map(Patch::Set),
    ]
}

/// Metadata of 1 to 10 levels, in which a text or a key may hold a NUL.
fn metadata_of_any_kind() -> impl Strategy<Value = Metadata> {
    let text = || prop_oneof![9 => Just("a"), 1 => Just("\0")];
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        Just(json!(1)),
        Just(json!({}))
    ];
    let nested = (leaf, prop::collection::vec((text(), any::<bool>()), 0..9));
    let nested = nested.prop_map(|(leaf, levels)| {
        levels.into_iter().fold(leaf, |inner, (key, is_object)| {
            if is_object {
                json!({ key: inner })
            } else {
                json!([inner])
            }
        })
    });
    (text(), nested).prop_map(|(key, value)| [(key.to_owned(), value)].into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_verified_and_comes_back_as_it_was(
        visitor in "[^\\x00]{1,40}",
        user in "[^\\x00]{0,20}[^\\x00\\s][^\\x00]{0,19}",
        name in attribute(),
        metadata in prop::collection::btree_map("[^\\x00]{0,6}", json_value(), 0..4),
        now in 0_u64..1 << 52,
        lifetime in 1_u64..=3600,
    ) {
        let metadata: Metadata = metadata.into_iter().collect();
        let claims = IdentityClaims::new(&*visitor, &*user)
            .name(name.clone())
            .metadata(metadata.clone())
            .expires_in(lifetime);
        let token = key().sign(&claims, now).unwrap();
        let keyring = TokenKeyring::new(key());
        let verified = keyring.verify(&token, &visitor, None, now).unwrap();
        prop_assert_eq!(&verified.external_id, &user);
        prop_assert_eq!(&verified.name, &name);
        prop_assert_eq!(&verified.email, &Patch::Keep);
        prop_assert_eq!(verified.metadata, Patch::Set(metadata));
        #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
        let times = (now as f64, (now + lifetime) as f64);
        prop_assert_eq!((verified.issued_at, verified.expires_at), times);
        let refused = keyring.verify(&token, format!("{visitor}x"), None, now);
        prop_assert_eq!(refused, Err(TokenError::OtherVisitor));
    }

    #[test]
    fn what_a_verifier_would_refuse_is_not_signed_and_what_is_signed_is_accepted(
        visitor in prop_oneof![4 => Just(VISITOR), 1 => Just(""), 1 => Just("\0")],
        user in text_of_any_kind("user_123", 256),
        audience in prop_oneof![Just(None), Just(Some("pk_1")), Just(Some("\0"))],
        name in attribute_of_any_kind(text_of_any_kind("Jane", 256)),
        email in attribute_of_any_kind(text_of_any_kind("jane@example.com", 320)),
        metadata in metadata_of_any_kind(),
        lifetime in prop_oneof![Just(0_u64), Just(1), Just(86_400), Just(86_401), Just(u64::MAX)],
    ) {
        let mut claims = IdentityClaims::new(visitor, &*user)
            .name(name.clone())
            .email(email.clone())
            .metadata(metadata.clone())
            .expires_in(lifetime);
        let mut members = vec![
            ("sub", json!(user)),
            ("visitorId", json!(visitor)),
            ("iat", json!(NOW)),
            ("exp", json!(NOW.saturating_add(lifetime))),
        ];
        if let Some(audience) = audience {
            claims = claims.audience(audience);
            members.push(("aud", json!(audience)));
        }
        for (field, patch) in [("name", name), ("email", email)] {
            match patch {
                Patch::Keep => {}
                Patch::Clear => members.push((field, Value::Null)),
                Patch::Set(text) => members.push((field, json!(text))),
            }
        }
        members.push(("metadata", metadata.into()));
        let members: Vec<_> = members
            .into_iter()
            .map(|(field, value)| format!("\"{field}\":{value}"))
            .collect();
        let by_hand = verified_by_hand(&format!("{{{}}}", members.join(",")), NOW);
        let expected = by_hand.map_err(|error| match error {
            TokenError::Claim(error) => InputError::InvalidClaim(error),
            other => panic!("{other}"),
        });
        prop_assert_eq!(key().sign(&claims, NOW).map(drop), expected);
    }

    #[test]
    fn no_bytes_break_the_verification(token in any::<Vec<u8>>(), now: u64) {
        let refused = TokenKeyring::new(key()).verify(token, VISITOR, None, now);
        prop_assert_eq!(refused, Err(TokenError::Invalid));
    }
}

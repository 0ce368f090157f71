//! What doctor finds in a token. Every mistake is made here the way a person makes it, with other
//! implementations than doctor's own.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tables are long"
)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use identity_hmac_doctor::{Diagnosis, TokenCase, diagnose_token};
use ring::{digest, hmac};
use serde_json::{Value, json};

const NOW: u64 = 1_764_000_000;
const VISITOR: &str = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90";
const KEY: &str = "itk_9f2c41aa_a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const DIGITS: &str = "a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str =
    "itk_00c0ffee_b00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECRET: &str = "Zq7-correct-horse-battery-staple";

fn raw(key: impl AsRef<[u8]>, text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT", "kid": "9f2c41aa"})
}

fn claims() -> Value {
    json!({"sub": "user_canary", "visitorId": VISITOR, "iat": NOW, "exp": NOW + 300})
}

/// The required claims, changed by `changes`; `null` in them leaves a claim out.
fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn signed_text(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string()), b64(claims.to_string()))
}

fn seal(signed: &str, key: impl AsRef<[u8]>) -> String {
    format!("{signed}.{}", b64(raw(key, signed)))
}

fn token(key: impl AsRef<[u8]>) -> String {
    seal(&signed_text(&header(), &claims()), key)
}

fn token_of(claims: &Value) -> String {
    seal(&signed_text(&header(), claims), KEY)
}

fn token_under(header: &Value) -> String {
    seal(&signed_text(header, &claims()), KEY)
}

fn case<'a>(token: &'a [u8], key: &'a str) -> TokenCase<'a> {
    TokenCase {
        token,
        key: key.as_bytes(),
        secret: Some(SECRET.as_bytes()),
        visitor_id: Some(VISITOR.as_bytes()),
        audience: Some("pk_5f1c2b6a8e90"),
        now: NOW,
    }
}

fn diagnose(token: &str) -> Diagnosis {
    diagnose_token(&case(token.as_bytes(), KEY))
}

fn codes(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.causes.iter().map(|cause| cause.code).collect()
}

/// No answer holds a key, a signature or the value of a claim.
#[track_caller]
fn is_discreet(diagnosis: &Diagnosis) {
    let text = format!(
        "{diagnosis:?} {}",
        serde_json::to_string(diagnosis).unwrap()
    );
    let right = b64(raw(KEY, &signed_text(&header(), &claims())));
    for secret in [DIGITS, &DIGITS[..16], SECRET, &right, "canary", VISITOR] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[track_caller]
fn is_explained(token: &str, expected: &[&str]) {
    let diagnosis = diagnose(token);
    assert!(!diagnosis.matches && !diagnosis.is_unexplained());
    assert_eq!(codes(&diagnosis), expected, "{:?}", diagnosis.causes);
    is_discreet(&diagnosis);
}

#[test]
fn a_token_that_is_accepted_matches() {
    for token in [
        token(KEY),
        token_under(&json!({"alg": "HS256"})),
        token_of(&claims_with(
            json!({"aud": "pk_5f1c2b6a8e90", "name": "Jane"}),
        )),
    ] {
        let diagnosis = diagnose(&token);
        assert!(diagnosis.matches && diagnosis.causes.is_empty());
        is_discreet(&diagnosis);
    }
}

#[test]
fn what_stands_around_a_token_is_found() {
    let right = token(KEY);
    for (sent, code) in [
        (format!("Bearer {right}"), "token_bearer"),
        (format!("bearer {right}"), "token_bearer"),
        (format!("Authorization: Bearer {right}"), "token_bearer"),
        (format!("{right}\n"), "token_white_space"),
        (
            format!("{}\n {}", &right[..60], &right[60..]),
            "token_white_space",
        ),
        (format!("\u{feff}{right}"), "token_white_space"),
        (format!("\"{right}\""), "token_quoted"),
        (format!("'{right}'"), "token_quoted"),
        (json!({"token": right}).to_string(), "token_in_json"),
        (format!("token={right}"), "token_with_name"),
        (format!("token: {right}"), "token_with_name"),
        (right.replace('.', "%2E"), "token_percent_encoded"),
        (STANDARD.encode(&right), "token_encoded_twice"),
        (b64(&right), "token_encoded_twice"),
    ] {
        is_explained(&sent, &[code]);
    }
    is_explained(
        &format!("Bearer \"{right}\""),
        &["token_bearer", "token_quoted"],
    );
}

#[test]
fn a_text_that_is_not_a_token_is_named() {
    let right = token(KEY);
    for (sent, code) in [
        ("", "token_missing"),
        (" \n", "token_missing"),
        ("undefined", "token_missing"),
        ("[object Promise]", "token_missing"),
        (OTHER_KEY, "token_is_key"),
        (&OTHER_KEY[..20], "token_is_key"),
        (DIGITS.replace('a', "c").as_str(), "token_is_hmac"),
        (&right[..50], "token_cut"),
        (&right[..right.rfind('.').unwrap()], "token_cut"),
        (&format!("{right}.x.y"), "token_encrypted"),
    ] {
        is_explained(sent, &[code]);
    }
}

#[test]
fn a_part_or_a_header_that_is_wrong_is_found() {
    let padded = |engine: &dyn Fn(&str) -> String| {
        let header = engine(&header().to_string());
        let claims = engine(&claims_with(json!({"name": "~~~???"})).to_string());
        seal(&format!("{header}.{claims}"), KEY)
    };
    let with_padding = padded(&|text| URL_SAFE.encode(text));
    assert!(with_padding.contains('='));
    is_explained(&with_padding, &["token_padded"]);
    let standard = padded(&|text| STANDARD.encode(text).replace('=', ""));
    assert!(standard.contains(['+', '/']));
    is_explained(&standard, &["token_base64"]);
    is_explained(
        &padded(&|text| STANDARD.encode(text)),
        &["token_padded", "token_base64"],
    );

    let changed = |name: &str, value: Value| {
        let mut header = header();
        header[name] = value;
        token_under(&header)
    };
    for alg in ["none", "HS512", "RS256", "hs256", "unheard of"] {
        is_explained(&changed("alg", alg.into()), &["token_algorithm"]);
    }
    is_explained(&changed("typ", "at+jwt".into()), &["token_type"]);
    is_explained(&changed("crit", json!(["exp"])), &["token_extension"]);
    is_explained(&changed("b64", Value::Null), &["token_extension"]);
    is_explained(&changed("kid", json!(7)), &["token_other_key"]);

    // HS512 with a signature of its own, and none at all.
    let text = signed_text(&json!({"alg": "HS512"}), &claims());
    let key = hmac::Key::new(hmac::HMAC_SHA512, KEY.as_bytes());
    let signature = hmac::sign(&key, text.as_bytes());
    is_explained(&format!("{text}.{}", b64(signature)), &["token_algorithm"]);
    let unsigned = format!("{}.", signed_text(&json!({"alg": "none"}), &claims()));
    is_explained(&unsigned, &["token_algorithm", "token_unsigned"]);
}

#[test]
fn a_token_of_another_key_is_known_by_its_kid() {
    let header = json!({"alg": "HS256", "kid": "00c0ffee"});
    let token = seal(&signed_text(&header, &claims()), OTHER_KEY);
    is_explained(&token, &["token_other_key"]);
    let message = &diagnose(&token).causes[0].message;
    assert!(message.contains("00c0ffee") && message.contains("9f2c41aa"));
    // What is no id is not repeated.
    let header = json!({"alg": "HS256", "kid": "\u{1b}[31mcanary"});
    is_explained(
        &seal(&signed_text(&header, &claims()), OTHER_KEY),
        &["token_other_key"],
    );
}

#[test]
fn what_was_done_to_the_key_is_found() {
    let digits_decoded = hex::decode(DIGITS).unwrap();
    // Its bytes are the same key: HMAC hashes a key that is longer than a block (RFC 2104 section 2).
    let sha256 = digest::digest(&digest::SHA256, KEY.as_bytes());
    for (key, code) in [
        (format!("{KEY}\n").into_bytes(), "secret_trailing_newline"),
        (format!("{KEY}\r\n").into_bytes(), "secret_trailing_crlf"),
        (format!(" {KEY}").into_bytes(), "secret_with_white_space"),
        (format!("\"{KEY}\"").into_bytes(), "secret_quoted"),
        (
            format!("\u{feff}{KEY}").into_bytes(),
            "secret_byte_order_mark",
        ),
        (KEY.to_uppercase().into_bytes(), "secret_letter_case"),
        (STANDARD.encode(KEY).into_bytes(), "secret_base64_encoded"),
        (hex::encode(KEY).into_bytes(), "secret_hex_encoded"),
        (hex::encode(sha256).into_bytes(), "secret_hashed"),
        (DIGITS.as_bytes().to_vec(), "token_key_digits"),
        (KEY.as_bytes()[4..].to_vec(), "token_key_digits"),
        (digits_decoded, "token_key_hex_decoded"),
        (STANDARD.decode(DIGITS).unwrap(), "token_key_base64_decoded"),
        (
            URL_SAFE_NO_PAD.decode(&KEY[..76]).unwrap(),
            "token_key_base64_decoded",
        ),
        (Vec::new(), "secret_empty"),
        (b"undefined".to_vec(), "secret_placeholder"),
        (b"changeme".to_vec(), "secret_placeholder"),
        (KEY.as_bytes()[..40].to_vec(), "secret_cut_short"),
        (SECRET.as_bytes().to_vec(), "token_signed_with_secret"),
    ] {
        is_explained(&token(key), &[code]);
    }
}

#[test]
fn a_signature_in_another_notation_is_found() {
    let text = signed_text(&header(), &claims());
    let right = raw(KEY, &text);
    for (signature, code) in [
        (hex::encode(&right), "token_signature_encoded"),
        (b64(hex::encode(&right)), "token_signature_encoded"),
        (b64(b64(&right)), "token_signature_encoded"),
        (b64(&right[..31]), "token_signature_cut"),
        (b64(&right[..8]), "token_signature_cut"),
        (String::new(), "token_unsigned"),
    ] {
        is_explained(&format!("{text}.{signature}"), &[code]);
    }
}

#[test]
fn doctor_corrects_a_mistake_in_its_own_key_and_says_so() {
    let right = token(KEY);
    for (key, code) in [
        (format!("{KEY}\n"), "secret_given_with_white_space"),
        (format!("'{KEY}'"), "secret_given_quoted"),
        (
            format!("IDENTITY_TOKEN_KEY={KEY}"),
            "secret_given_with_name",
        ),
    ] {
        let diagnosis = diagnose_token(&case(right.as_bytes(), &key));
        assert!(!diagnosis.matches);
        assert_eq!(codes(&diagnosis), [code]);
        is_discreet(&diagnosis);
    }
    for (key, code) in [
        (SECRET, "token_key_given_malformed"),
        (DIGITS, "token_key_given_malformed"),
        ("", "token_key_given_malformed"),
    ] {
        let diagnosis = diagnose_token(&case(right.as_bytes(), key));
        assert_eq!(codes(&diagnosis), [code]);
        is_discreet(&diagnosis);
    }
    let by_secret = token(SECRET);
    let diagnosis = diagnose_token(&case(by_secret.as_bytes(), SECRET));
    assert_eq!(codes(&diagnosis), ["token_signed_with_other_text"]);
}

#[test]
fn a_claim_that_is_wrong_is_found() {
    for (changes, code) in [
        (
            json!({"iat": NOW * 1000, "exp": (NOW + 300) * 1000}),
            "token_milliseconds",
        ),
        (json!({"exp": (NOW + 300) * 1000}), "token_milliseconds"),
        (json!({"nbf": NOW * 1000}), "token_milliseconds"),
        (json!({"exp": (NOW + 300).to_string()}), "token_time_type"),
        (json!({"iat": "2025-11-24T16:00:00Z"}), "token_time_type"),
        (json!({"exp": NOW + 3601}), "token_lifetime"),
        (json!({"exp": 300}), "token_exp_is_duration"),
        (
            json!({"iat": NOW + 10, "exp": NOW + 5}),
            "token_exp_before_iat",
        ),
        (
            json!({"iat": NOW + 90, "exp": NOW + 390}),
            "token_not_yet_valid",
        ),
        (json!({"nbf": NOW + 90}), "token_not_yet_valid"),
        (json!({"iat": NOW - 900, "exp": NOW - 600}), "token_expired"),
        (json!({"sub": 123}), "token_id_type"),
        (json!({"visitorId": 123}), "token_id_type"),
        (
            json!({"sub": null, "externalId": "canary"}),
            "token_sub_name",
        ),
        (json!({"sub": null, "user_id": 7}), "token_sub_name"),
        (
            json!({"visitorId": null, "visitor_id": VISITOR}),
            "token_visitor_id_name",
        ),
        (json!({"sub": null}), "token_claim"),
        (json!({"email": "canary"}), "token_claim"),
        (json!({"visitorId": "canary"}), "token_other_visitor"),
        (json!({"aud": "pk_canary"}), "token_other_audience"),
    ] {
        is_explained(&token_of(&claims_with(changes)), &[code]);
    }
    for (text, code) in [
        (r#"{"sub":"a","sub":"b"}"#, "token_claim"),
        ("not json", "token_claim"),
    ] {
        let text = format!("{}.{}", b64(header().to_string()), b64(text));
        is_explained(&seal(&text, KEY), &[code]);
    }
}

#[test]
fn durations_are_told_in_seconds() {
    for (changes, told) in [
        (
            json!({"exp": NOW + 7200}),
            "valid for 7200 s, and at most 3600 s",
        ),
        (
            json!({"iat": NOW + 90, "exp": NOW + 390}),
            "`iat` is 90 s in the future",
        ),
        (
            json!({"iat": NOW - 900, "exp": NOW - 600}),
            "expired 600 s before",
        ),
    ] {
        let diagnosis = diagnose(&token_of(&claims_with(changes)));
        assert!(diagnosis.causes[0].message.contains(told), "{diagnosis:?}");
    }
}

#[test]
fn several_mistakes_are_reported_together() {
    let claims = claims_with(json!({"exp": (NOW + 300) * 1000}));
    let token = seal(&signed_text(&header(), &claims), format!("{KEY}\n"));
    is_explained(
        &format!("Bearer {token}"),
        &[
            "token_bearer",
            "secret_trailing_newline",
            "token_milliseconds",
        ],
    );
}

#[test]
fn a_token_that_nothing_explains_has_no_cause() {
    for sent in [
        token("another secret"),
        "eyJhbGciOi.J9.x.".into(),
        "hello".into(),
    ] {
        let diagnosis = diagnose(&sent);
        assert!(diagnosis.is_unexplained(), "{diagnosis:?}");
        is_discreet(&diagnosis);
    }
}

#[test]
fn claims_that_are_ignored_are_named_and_their_values_are_not() {
    let diagnosis = diagnose(&token_of(&claims_with(json!({
        "externalId": "canary", "plan": "canary", "iss": "canary", "jti": "1", "\u{1b}[31m": 1,
    }))));
    assert!(diagnosis.matches);
    let hint = &diagnosis.hints[0];
    assert!(hint.contains("`externalId`, `plan`;"), "{hint}");
    is_discreet(&diagnosis);
}

#[test]
fn where_no_visitor_and_no_audience_are_given_none_are_compared() {
    let claims = claims_with(json!({"visitorId": "another", "aud": ["pk_another"]}));
    let sent = token_of(&claims);
    let diagnosis = diagnose_token(&TokenCase {
        visitor_id: None,
        audience: None,
        ..case(sent.as_bytes(), KEY)
    });
    assert!(diagnosis.matches, "{diagnosis:?}");
}

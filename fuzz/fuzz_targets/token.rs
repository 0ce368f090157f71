//! A token made of any header and payload, and any text in the place of one: accepted if and only if
//! the rules, written a second time, accept it, and then read as `serde_json` reads it.
#![no_main]

use std::sync::LazyLock;

use identity_hmac::{TokenKey, TokenKeyring};
use identity_hmac_fuzz::input::field;
use identity_hmac_fuzz::json::{is_attribute, levels, member, read};
use identity_hmac_fuzz::oracle;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

// What tests/vectors/identity-token.json has, from which the seeds come.
const KEY: &str = "itk_9f2c41aa_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KID: &str = "9f2c41aa";
const VISITOR: &str = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90";
const AUDIENCE: &str = "pk_5f1c2b6a8e90";
const NOW: u64 = 1_764_000_000;
const NOW_IN_CLAIMS: f64 = 1_764_000_000.0;
/// The object itself and metadata in it.
const MAX_LEVELS: usize = 9;

static KEYRING: LazyLock<TokenKeyring> =
    LazyLock::new(|| TokenKeyring::new(TokenKey::parse(KEY).expect("a token key")));

/// A key that has signed nothing.
static OTHER: LazyLock<TokenKeyring> = LazyLock::new(|| {
    let text = format!("itk_{KID}_{}", "ab".repeat(32));
    TokenKeyring::new(TokenKey::parse(&text).expect("a token key"))
});

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match read(text)? {
        value if levels(&value) > MAX_LEVELS => None,
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn is_header(text: &[u8]) -> bool {
    object(text).is_some_and(|header| {
        let is = |name: &str, text: &str| header.get(name).is_some_and(|value| value == text);
        let is_absent = |name| !header.contains_key(name);
        is("alg", "HS256")
            && (is_absent("typ") || is("typ", "JWT"))
            && (is_absent("kid") || is("kid", KID))
            && is_absent("crit")
            && is_absent("b64")
    })
}

/// The claims of a payload that is to be accepted.
fn accepted(text: &[u8]) -> Option<Map<String, Value>> {
    let claims = object(text)?;
    let time = |name| claims.get(name).and_then(Value::as_f64);
    let (iat, exp) = (time("iat")?, time("exp")?);
    let nbf = match claims.get("nbf") {
        Some(value) => value.as_f64()?,
        None => iat,
    };
    let is_audience = match claims.get("aud") {
        None => true,
        Some(Value::Array(all)) => {
            all.iter().all(Value::is_string) && all.contains(&Value::from(AUDIENCE))
        }
        Some(one) => one == AUDIENCE,
    };
    let sub = claims.get("sub")?;
    let fits = |name: &str| {
        claims
            .get(name)
            .is_none_or(|value| is_attribute(name, value))
    };
    let is_right = sub.is_string()
        && is_attribute("externalId", sub)
        && claims.get("visitorId")? == VISITOR
        && ["name", "email", "metadata"].into_iter().all(fits)
        && is_audience
        && exp - iat > 0.0
        && exp - iat <= 3600.0
        && iat.max(nbf) <= NOW_IN_CLAIMS + 60.0
        && exp > NOW_IN_CLAIMS - 60.0;
    is_right.then_some(claims)
}

fn check(token: &str, claims: Option<Map<String, Value>>, is_signed: bool) {
    let verified = KEYRING.verify(token, VISITOR, Some(AUDIENCE), NOW);
    let Some(claims) = claims.filter(|_| is_signed) else {
        let error = verified.expect_err("a token that breaks a rule");
        assert_eq!(error.code() == "identity_token_invalid", !is_signed);
        return;
    };
    let verified = verified.expect("a token that breaks no rule");
    assert_eq!(claims["sub"], verified.external_id);
    assert_eq!(claims["iat"].as_f64(), Some(verified.issued_at));
    assert_eq!(claims["exp"].as_f64(), Some(verified.expires_at));
    assert_eq!(claims.get("name").cloned(), member(verified.name));
    assert_eq!(claims.get("email").cloned(), member(verified.email));
    assert_eq!(claims.get("metadata").cloned(), member(verified.metadata));
    assert_eq!(
        (verified.visitor_id.as_str(), verified.key_id.as_str()),
        (VISITOR, KID)
    );
}

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let (header, payload) = (field(&mut rest), field(&mut rest));
    let [signed_header, signed_payload] = [header, payload].map(oracle::write_base64url);
    let signed = format!("{signed_header}.{signed_payload}");
    let right = oracle::sign(signed.as_bytes(), KEY.as_bytes());
    let mut near = right;
    for (byte, change) in near.iter_mut().zip(rest) {
        *byte ^= change;
    }
    for signature in [right, near] {
        let is_signed = signature == right && is_header(header);
        let token = format!("{signed}.{}", oracle::write_base64url(&signature));
        check(&token, accepted(payload), is_signed);
    }
    // Any text, also a seed that is a token: it is none of another key.
    let other = OTHER.verify(rest, VISITOR, Some(AUDIENCE), NOW);
    assert_eq!(
        other.map_err(|error| error.code()),
        Err("identity_token_invalid")
    );
});

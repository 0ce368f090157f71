//! Why an identity token is refused.

mod claims;
mod key;
mod text;

use std::fmt;

use identity_hmac::{TokenError, TokenKey, TokenKeyring};
use serde_json::Value;

use crate::algorithm;
use crate::diagnosis::Diagnosis;
use crate::mistake::Cause;

/// What to diagnose: a token, and what it should be a token of. Nothing is changed before the search.
pub struct TokenCase<'a> {
    /// The token as it was sent.
    pub token: &'a [u8],
    /// The identity token key as it is, mistakes included.
    pub key: &'a [u8],
    /// The identity verification secret, with which the token may have been signed by mistake.
    pub secret: Option<&'a [u8]>,
    /// The visitor id as the chat gave it; `None` to compare none.
    pub visitor_id: Option<&'a [u8]>,
    /// The organization key; `None` to compare none.
    pub audience: Option<&'a str>,
    /// The time of the call, in seconds since the epoch.
    pub now: u64,
}

impl fmt::Debug for TokenCase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCase { .. }")
    }
}

/// Answers whether the token of `case` is accepted, and if it is not, looks for the reason.
///
/// The answer holds no key, no secret, no signature and no value of a claim. In its texts "the
/// secret" is the identity token key.
///
/// ```
/// use identity_hmac::{IdentityClaims, TokenKey};
/// use identity_hmac_doctor::{TokenCase, diagnose_token};
///
/// let text = TokenKey::generate()?;
/// let now = 1_764_000_000;
/// let token = TokenKey::parse(&text)?.sign(&IdentityClaims::new("visitor_1", "user_123"), now)?;
/// let diagnosis = diagnose_token(&TokenCase {
///     token: format!("Bearer {token}").as_bytes(),
///     key: text.as_bytes(),
///     secret: None,
///     visitor_id: Some(b"visitor_1"),
///     audience: None,
///     now,
/// });
/// assert_eq!(diagnosis.causes[0].code, "token_bearer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn diagnose_token(case: &TokenCase) -> Diagnosis {
    let token = text::read(case.token);
    let given = key::read(case.key);
    let hints = token.as_ref().map(|token| claims::hints(&token.payload));
    let mut diagnosis = Diagnosis {
        causes: Vec::new(),
        hints: hints.unwrap_or_default(),
        matches: false,
    };
    let Some(given) = given else {
        diagnosis.causes = vec![key::unreadable(case, token.as_ref())];
        return diagnosis;
    };
    let Some(token) = token else {
        diagnosis.causes.extend(text::unreadable(case.token));
        return diagnosis;
    };
    diagnosis.matches =
        given.causes.is_empty() && verify(case, &given.key, case.token, &token.payload).is_ok();
    if diagnosis.matches {
        return diagnosis;
    }
    diagnosis.causes = [given.causes, token.causes.clone()].concat();
    let header = text::causes(&token, Some(&given.key));
    // Another key or another algorithm made another signature.
    let signature = match key::explain(case, &token, &given.text) {
        None if header.iter().any(is_about_signature) => Some(Vec::new()),
        explained => explained,
    };
    let Some(signature) = signature else {
        diagnosis.causes.clear();
        return diagnosis;
    };
    diagnosis.causes.extend(header);
    diagnosis.causes.extend(signature);
    let resealed = reseal(&given.text.bytes, &token.payload);
    if let Err(error) = verify(case, &given.key, resealed.as_bytes(), &token.payload) {
        diagnosis
            .causes
            .extend(claims::cause(&error, &token.payload, case.now));
    }
    diagnosis
}

fn is_about_signature(cause: &Cause) -> bool {
    ["token_algorithm", "token_other_key"].contains(&cause.code)
}

/// What the core says to a token; where `case` has no visitor id or audience, those of the token
/// count.
fn verify(
    case: &TokenCase<'_>,
    key: &TokenKey,
    token: &[u8],
    payload: &[u8],
) -> Result<(), TokenError> {
    let claims: Value = serde_json::from_slice(payload).unwrap_or_default();
    let own_visitor = claims["visitorId"].as_str().unwrap_or_default();
    let own_audience = match &claims["aud"] {
        Value::Array(audiences) => audiences.first().and_then(Value::as_str),
        audience => audience.as_str(),
    };
    let visitor = case.visitor_id.unwrap_or(own_visitor.as_bytes());
    let keyring = TokenKeyring::new(key.clone());
    let audience = case.audience.or(own_audience);
    keyring
        .verify(token, visitor, audience, case.now)
        .map(|_| ())
}

/// The payload in a token that is right but for its claims.
fn reseal(key: &[u8], payload: &[u8]) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = (algorithm::right().sign)(key, signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hex::decode(signature).unwrap_or_default());
    format!("{signed}.{signature}")
}

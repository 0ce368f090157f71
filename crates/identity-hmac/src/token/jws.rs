//! The outside of a token: three parts in base64url, and a header (RFC 7515).

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::{MAX_TOKEN_CHARS, payload};
use crate::{IdentityHmac, InputError, strict_json};

/// Characters of a signature.
const SIGNATURE_CHARS: usize = 43;

/// The members of a header that are looked at. Those that would bring a key (`jku`, `jwk`, `x5u`,
/// `x5c`) are not.
static MEMBERS: [&str; 5] = ["alg", "typ", "kid", "crit", "b64"];

/// A token whose outside is as it has to be, of which nothing is trusted yet.
pub(super) struct Jws<'a> {
    /// What the signature covers: header and payload as they came.
    pub(super) signed: &'a [u8],
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    pub(super) signature: IdentityHmac,
}

impl<'a> Jws<'a> {
    pub(super) fn read(token: &'a [u8]) -> Option<Self> {
        if token.len() > MAX_TOKEN_CHARS {
            return None;
        }
        let (signed, [b'.', signature @ ..]) =
            token.split_last_chunk::<{ 1 + SIGNATURE_CHARS }>()?
        else {
            return None;
        };
        let mut bytes = [0; 32];
        Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
        let dot = signed.iter().position(|&byte| byte == b'.')?;
        // A further dot is a character that base64url does not have.
        let (header, payload) = (decode(&signed[..dot])?, decode(&signed[dot + 1..])?);
        Some(Self {
            signed,
            header: Header::read(&header)?,
            payload,
            signature: bytes.into(),
        })
    }
}

/// Refuses padding, foreign characters, and a last character with bits that mean nothing.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len()];
    let len = Base64UrlUnpadded::decode(text, &mut bytes).ok()?.len();
    bytes.truncate(len);
    Some(bytes)
}

/// The token with this `payload`, whose signature is what `sign` makes of the rest.
pub(super) fn write(
    kid: &str,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<IdentityHmac, InputError>,
) -> Result<String, InputError> {
    let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#);
    let len = |part| Base64UrlUnpadded::encoded_len(part) + ".".len();
    let mut token = Vec::with_capacity(len(header.as_bytes()) + len(payload) + SIGNATURE_CHARS);
    push_encoded(&mut token, header.as_bytes());
    token.push(b'.');
    push_encoded(&mut token, payload);
    let signature = sign(&token)?;
    token.push(b'.');
    push_encoded(&mut token, signature.as_bytes());
    Ok(String::from_utf8(token).unwrap_or_default())
}

/// Appends `bytes` in base64url.
#[expect(clippy::expect_used, reason = "the room is as long as the text")]
fn push_encoded(token: &mut Vec<u8>, bytes: &[u8]) {
    let start = token.len();
    token.resize(start + Base64UrlUnpadded::encoded_len(bytes), 0);
    Base64UrlUnpadded::encode(bytes, &mut token[start..]).expect("room for the text");
}

/// The header of a token that is signed as tokens are.
pub(super) struct Header {
    /// The id of the key that is said to have signed.
    pub(super) kid: Option<String>,
}

impl Header {
    fn read(text: &[u8]) -> Option<Self> {
        let read = strict_json::parse_members(text, payload::MAX_LEVELS, &MEMBERS);
        let mut header = read.ok()??;
        let is = |name: &str, text: &str| header.get(name).is_some_and(|value| value == text);
        let is_typ_right = header.get("typ").is_none() || is("typ", "JWT");
        // Both change what the other members mean, with any value (RFC 7515 section 4.1.11, RFC 7797).
        let has_extension = header.get("crit").is_some() || header.get("b64").is_some();
        if !is("alg", "HS256") || !is_typ_right || has_extension {
            return None;
        }
        let kid = match header.take("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid),
            Some(_) => return None,
        };
        Some(Self { kid })
    }
}

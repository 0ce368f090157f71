//! The outside of a token: three parts in base64url, and a header (RFC 7515).

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::{MAX_TOKEN_CHARS, payload};
use crate::strict_json::{self, Slots};
use crate::{IdentityHmac, InputError};

/// Characters of a signature.
const SIGNATURE_CHARS: usize = 43;

/// A token whose outside is as it has to be, of which nothing is trusted yet.
pub(super) struct Jws<'a> {
    /// What the signature covers: header and payload as they came.
    pub(super) signed: &'a [u8],
    /// The header as it came, in base64url.
    pub(super) header: &'a [u8],
    pub(super) payload: Vec<u8>,
    pub(super) signature: IdentityHmac,
}

impl<'a> Jws<'a> {
    pub(super) fn read(token: &'a [u8]) -> Option<Self> {
        if token.len() > MAX_TOKEN_CHARS {
            return None;
        }
        let dot = token.iter().position(|&byte| byte == b'.')?;
        let (signed, [b'.', signature @ ..]) =
            token.split_last_chunk::<{ 1 + SIGNATURE_CHARS }>()?
        else {
            return None;
        };
        let mut bytes = [0; 32];
        Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
        Some(Self {
            signed,
            header: &token[..dot],
            // A further dot is a character that base64url does not have.
            payload: decode(signed.get(dot + 1..)?)?,
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

/// What a key writes before the payload: the header that names its `kid`.
pub(super) fn header(kid: &str) -> String {
    let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#);
    Base64UrlUnpadded::encode_string(header.as_bytes())
}

/// The token of `header` and `payload`, with the signature that `sign` makes of them.
pub(super) fn write(
    header: &str,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<IdentityHmac, InputError>,
) -> Result<String, InputError> {
    let payload = Base64UrlUnpadded::encode_string(payload);
    let len = header.len() + payload.len() + SIGNATURE_CHARS;
    let mut token = String::with_capacity(len + "..".len());
    token += header;
    token.push('.');
    token += &payload;
    let signature = sign(token.as_bytes())?;
    token.push('.');
    token += &Base64UrlUnpadded::encode_string(signature.as_bytes());
    Ok(token)
}

/// The header of a token that is signed as tokens are.
pub(super) struct Header {
    /// The id of the key that is said to have signed.
    pub(super) kid: Option<String>,
}

impl Header {
    /// Reads a header in base64url.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let header = strict_json::parse_members::<Members>(&decode(text)?, payload::MAX_LEVELS);
        let header = header.ok()??;
        let is_typ_right = header.typ.is_none_or(|typ| typ == "JWT");
        // Both change what the other members mean, with any value (RFC 7515 section 4.1.11, RFC 7797).
        let has_extension = header.crit.is_some() || header.b64.is_some();
        if header.alg? != "HS256" || !is_typ_right || has_extension {
            return None;
        }
        let kid = match header.kid {
            None => None,
            Some(Value::String(kid)) => Some(kid),
            Some(_) => return None,
        };
        Some(Self { kid })
    }
}

/// The members of a header that are looked at. Those that would bring a key (`jku`, `jwk`, `x5u`,
/// `x5c`) are not.
#[derive(Default)]
struct Members {
    alg: Option<Value>,
    typ: Option<Value>,
    kid: Option<Value>,
    crit: Option<Value>,
    b64: Option<Value>,
}

impl Slots for Members {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        match name {
            "alg" => Some(&mut self.alg),
            "typ" => Some(&mut self.typ),
            "kid" => Some(&mut self.kid),
            "crit" => Some(&mut self.crit),
            "b64" => Some(&mut self.b64),
            _ => None,
        }
    }
}

//! The outside of a token: three parts in base64url, and a header (RFC 7515).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::{MAX_TOKEN_CHARS, payload};
use crate::{IdentityHmac, strict_json};

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
        let [header, payload, signature] = split(token)?;
        let (header, payload) = (decode(header)?, decode(payload)?);
        let signature: [u8; 32] = decode(signature)?.try_into().ok()?;
        Some(Self {
            signed: &token[..token.len() - ".".len() - Base64UrlUnpadded::encoded_len(&signature)],
            header: Header::read(&header)?,
            payload,
            signature: signature.into(),
        })
    }
}

/// The three parts between exactly two dots.
fn split(token: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = token.split(|&byte| byte == b'.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Refuses padding, foreign characters, and a last character with bits that mean nothing.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(core::str::from_utf8(text).ok()?).ok()
}

/// The header of a token that is signed as tokens are.
pub(super) struct Header {
    /// The id of the key that is said to have signed.
    pub(super) kid: Option<String>,
}

impl Header {
    /// The header that the key `kid` writes.
    pub(super) fn write(kid: &str) -> String {
        encode(format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#).as_bytes())
    }

    /// Members that would bring a key (`jku`, `jwk`, `x5u`, `x5c`) are not looked at.
    fn read(text: &[u8]) -> Option<Self> {
        let Ok(Value::Object(mut header)) = strict_json::parse(text, payload::MAX_LEVELS) else {
            return None;
        };
        let is = |name: &str, text: &str| header.get(name).is_some_and(|value| value == text);
        let is_typ_right = !header.contains_key("typ") || is("typ", "JWT");
        // Both change what the other members mean, with any value (RFC 7515 section 4.1.11, RFC 7797).
        let has_extension = header.contains_key("crit") || header.contains_key("b64");
        if !is("alg", "HS256") || !is_typ_right || has_extension {
            return None;
        }
        let kid = match header.remove("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid),
            Some(_) => return None,
        };
        Some(Self { kid })
    }
}

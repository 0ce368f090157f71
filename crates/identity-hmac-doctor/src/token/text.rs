//! How a token arrived: what stands around it, how it is encoded, and what its header says.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use identity_hmac::TokenKey;
use serde_json::{Map, Value};

use crate::mistake::{Cause, Mistake, Variant};
use crate::rewrites::{self, Rewritten};

/// From the token that was sent to the one that was signed.
const AROUND: &[Mistake] = &[
    Mistake {
        code: "token_bearer",
        message: "The token has `Bearer ` in front.",
        remedy: "Pass the token alone. `Bearer` belongs to the `Authorization` header, which holds \
                 the visitor token and not this one.",
        made: without_bearer,
    },
    Mistake {
        code: "token_white_space",
        message: "The token has white space or a line end around or in it.",
        remedy: "Pass it without. Terminals and mail programs break long lines.",
        made: rewrites::without_white_space,
    },
    Mistake {
        code: "token_quoted",
        message: "The token has quotes around it.",
        remedy: "Read the backend's answer with a JSON parser: `res.json()`, not `res.text()`.",
        made: rewrites::without_quotes,
    },
    Mistake {
        code: "token_in_json",
        message: "The token is a member of a JSON text.",
        remedy: "Pass the member alone, not the whole answer of the backend.",
        made: rewrites::from_json,
    },
    Mistake {
        code: "token_with_name",
        message: "The token has its name in front, as in `token=…`.",
        remedy: "Pass only what stands behind the name.",
        made: without_name,
    },
    Mistake {
        code: "token_percent_encoded",
        message: "The token was percent-encoded.",
        remedy: "A token needs no encoding in a URL. Decode it once where it is read.",
        made: rewrites::percent_decoded,
    },
    Mistake {
        code: "token_encoded_twice",
        message: "The token was encoded in base64 once more.",
        remedy: "Pass it as the library wrote it: it is text, not bytes.",
        made: |token| {
            let decoded = [
                rewrites::base64_decoded(token),
                rewrites::base64url_decoded(token),
            ];
            decoded.concat()
        },
    },
];

/// A token that could be read, however wrong it is.
pub(super) struct Token {
    /// Why it could not be read as it is.
    pub(super) causes: Vec<Cause>,
    /// What the signature covers.
    pub(super) signed: Vec<u8>,
    pub(super) header: Map<String, Value>,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Reads a token with the fewest changes after which it can be read.
pub(super) fn read(token: &[u8]) -> Option<Token> {
    let mut variants = vec![Variant::new(token)];
    for _ in 0..=2 {
        if let Some(token) = variants.iter().find_map(split) {
            return Some(token);
        }
        variants = variants
            .iter()
            .flat_map(|variant| variant.with_one_of(AROUND))
            .collect();
    }
    None
}

/// Why a text cannot be read as a token, if that shows at once.
pub(super) fn unreadable(token: &[u8]) -> Option<Cause> {
    const PLACEHOLDERS: [&[u8]; 8] = [
        b"",
        b"undefined",
        b"null",
        b"None",
        b"nil",
        b"[object Object]",
        b"[object Promise]",
        b"{}",
    ];
    let token = token.trim_ascii();
    let parts = token.split(|&byte| byte == b'.').count();
    let is_hex = token.iter().all(u8::is_ascii_hexdigit);
    if PLACEHOLDERS.contains(&token) {
        return Some(Cause {
            code: "token_missing",
            message: "There is no token: it is empty or a placeholder such as `undefined`.".into(),
            remedy: "Look at what the backend answers to the page. The request and `res.json()` \
                     both need an `await`.",
        });
    }
    if token.starts_with(b"itk_") {
        return Some(Cause {
            code: "token_is_key",
            message: "This is an identity token key, which must never leave the backend, or the \
                      start of one."
                .into(),
            remedy: "Replace the key now, then pass the token that the backend signs with it.",
        });
    }
    if token.len() == 64 && is_hex {
        return Some(Cause {
            code: "token_is_hmac",
            message: "This is an hmac, not a token.".into(),
            remedy: "Pass it as the hmac, or sign a token in its place.",
        });
    }
    if parts == 5 {
        return Some(Cause {
            code: "token_encrypted",
            message: "The token has five parts: it is encrypted (JWE).".into(),
            remedy: "Sign it only (JWS): `jwt.encode` or `SignJWT`, not `EncryptJWT`.",
        });
    }
    (parts < 3 && token.starts_with(b"eyJ")).then(|| Cause {
        code: "token_cut",
        message: "The token is cut: it has fewer than three parts.".into(),
        remedy: "Pass the whole token. A URL, a cookie or a database field may be too short for it.",
    })
}

/// What is wrong with how the parts are encoded, and with the header.
pub(super) fn causes(token: &Token, key: Option<&TokenKey>) -> Vec<Cause> {
    let is_in = |letters: &[u8]| token.signed.iter().any(|byte| letters.contains(byte));
    let mut causes = Vec::new();
    if is_in(b"=") {
        causes.push(Cause {
            code: "token_padded",
            message: "The token's parts end in `=`.".into(),
            remedy: "Encode them without padding, or let a JWT library write the token.",
        });
    }
    if is_in(b"+/") {
        causes.push(Cause {
            code: "token_base64",
            message: "The token's parts are in base64, not in base64url.".into(),
            remedy: "Write `-` for `+` and `_` for `/`, or let a JWT library write the token.",
        });
    }
    let member = |name: &str| token.header.get(name);
    if member("alg") != Some(&Value::from("HS256")) {
        causes.push(algorithm(member("alg")));
    }
    if member("typ").is_some_and(|typ| typ != "JWT") {
        causes.push(Cause {
            code: "token_type",
            message: "`typ` in the header is not `JWT`.".into(),
            remedy: "Set it to `JWT`, or leave it out.",
        });
    }
    if member("crit").is_some() || member("b64").is_some() {
        causes.push(Cause {
            code: "token_extension",
            message: "The header has `crit` or `b64`, which change what the token means.".into(),
            remedy: "Leave them out.",
        });
    }
    let Some(key) = key else {
        return causes;
    };
    if let Some(kid) = member("kid")
        && kid != key.key_id()
    {
        let named = kid.as_str().filter(|kid| is_key_id(kid));
        causes.push(Cause {
            code: "token_other_key",
            message: format!(
                "The token names {}, and the key given to doctor is {}.",
                named.map_or_else(
                    || "something that is not the id of a key".into(),
                    |kid| format!("the key {kid}")
                ),
                key.key_id()
            )
            .into(),
            remedy: "Give both sides the same key: it may be another organization's, another \
                     environment's, or one from before a rotation.",
        });
    }
    causes
}

fn algorithm(alg: Option<&Value>) -> Cause {
    const KNOWN: [&str; 13] = [
        "none", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256",
        "EdDSA", "hs256", "dir",
    ];
    let named = alg.and_then(Value::as_str);
    let named = named.filter(|alg| KNOWN.contains(alg));
    Cause {
        code: "token_algorithm",
        message: format!(
            "The token's algorithm (`alg`) is {}, not HS256.",
            named.unwrap_or("another one")
        )
        .into(),
        remedy: "Sign with HS256. Many libraries take it as an argument.",
    }
}

fn is_key_id(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Into three parts, with a header that is a JSON object.
fn split(variant: &Variant) -> Option<Token> {
    let text = &*variant.bytes;
    let ends = text.iter().enumerate().filter(|&(_, &byte)| byte == b'.');
    let [first, second] = *ends.map(|(at, _)| at).collect::<Vec<_>>() else {
        return None;
    };
    let Ok(Value::Object(header)) = serde_json::from_slice(&decode(&text[..first])?) else {
        return None;
    };
    Some(Token {
        causes: variant.causes.clone(),
        signed: text[..second].to_vec(),
        header,
        payload: decode(&text[first + 1..second])?,
        signature: decode(&text[second + 1..])?,
    })
}

/// Base64 in either alphabet, with or without padding.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let url_safe = |&byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    };
    LENIENT
        .decode(text.iter().map(url_safe).collect::<Vec<_>>())
        .ok()
}

fn without_bearer(token: &[u8]) -> Rewritten {
    rewrites::of_text(token, |text| {
        let text = text.trim();
        let name = text.split_at_checked("Authorization:".len());
        let value = name.filter(|(name, _)| name.eq_ignore_ascii_case("Authorization:"));
        let value = value.map_or(text, |(_, value)| value.trim_start());
        let scheme = value.split_at_checked("Bearer ".len());
        let scheme = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer "));
        scheme.map(|(_, token)| token.into()).into_iter().collect()
    })
}

/// A name in front of the first `=` or `:`.
fn without_name(token: &[u8]) -> Rewritten {
    rewrites::of_text(token, |text| {
        let is_name = |name: &str| {
            let mut letters = name.chars();
            letters.all(|letter| letter.is_ascii_alphanumeric() || "_-? ".contains(letter))
        };
        let split = text.split_once(['=', ':']);
        let split = split.filter(|(name, _)| is_name(name));
        split
            .map(|(_, token)| token.trim().into())
            .into_iter()
            .collect()
    })
}

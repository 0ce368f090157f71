//! Which key signed a token, if it was not the right one.

use identity_hmac::TokenKey;

use super::TokenCase;
use super::text::Token;
use crate::algorithm;
use crate::mistake::{Cause, Mistake, Variant};
use crate::rewrites;
use crate::secret;

/// From a token key to what was used in its place. What people do to any secret stands in
/// [`secret::MISTAKES`].
const PARTS: &[Mistake] = &[
    Mistake {
        code: "token_key_digits",
        message: "Only a part of the token key was used as the key.",
        remedy: "Use the whole text, from `itk_` to the last digit.",
        made: |key| {
            let parts = parts(key).into_iter();
            parts.flatten().collect()
        },
    },
    Mistake {
        code: "token_key_hex_decoded",
        message: "The digits of the token key were decoded from hexadecimal before it was used.",
        remedy: "Use the text of the key as it is, as UTF-8, from `itk_` to the last digit.",
        made: |key| {
            let parts = parts(key).into_iter();
            parts
                .flat_map(|[_, digits]| rewrites::hex_decoded(&digits))
                .collect()
        },
    },
    Mistake {
        code: "token_key_base64_decoded",
        message: "The token key was decoded from base64 before it was used.",
        remedy: "Use the text of the key as it is, as UTF-8: pass it as a string where the library \
                 decodes bytes.",
        // 77 letters are no base64: a lenient decoder leaves the last one out.
        made: |key| {
            let decode = |key: &[u8]| {
                let whole = &key[..key.len() - key.len() % 4];
                [
                    rewrites::base64_decoded(whole),
                    rewrites::base64url_decoded(whole),
                ]
                .concat()
            };
            let parts = parts(key).into_iter();
            parts
                .flat_map(|[_, digits]| decode(&digits))
                .chain(decode(key))
                .collect()
        },
    },
];

/// The key as doctor was given it.
pub(super) struct Given {
    /// Why it could not be read as it is.
    pub(super) causes: Vec<Cause>,
    pub(super) text: Variant,
    pub(super) key: TokenKey,
}

/// Reads the key, with one mistake in it at most.
pub(super) fn read(text: &[u8]) -> Option<Given> {
    let given = Variant::new(text);
    let mended: Vec<_> = given.with_one_of(secret::MISTAKES).collect();
    let mut variants = std::iter::once(given).chain(mended);
    variants.find_map(|variant| {
        let key = TokenKey::parse(str::from_utf8(&variant.bytes).ok()?).ok()?;
        Some(Given {
            causes: variant.causes.clone(),
            text: Variant::new(&variant.bytes),
            key,
        })
    })
}

/// Why the signature is not that of the given key; `None` if nothing explains it.
pub(super) fn explain(case: &TokenCase<'_>, token: &Token, key: &Variant) -> Option<Vec<Cause>> {
    let right = sign(&key.bytes, token);
    let signature = hex::encode(&token.signature);
    if signature == right {
        return Some(Vec::new());
    }
    if let Some(cause) = written(token, &right, &signature) {
        return Some(vec![cause]);
    }
    let mistakes = [
        PARTS,
        secret::MISTAKES,
        secret::ABSENT,
        secret::UNSET,
        secret::CUTS,
    ];
    let variants = mistakes
        .into_iter()
        .flat_map(|mistakes| key.with_one_of(mistakes));
    let mut variants = other_secret(case).into_iter().chain(variants);
    variants
        .find(|variant| sign(&variant.bytes, token) == signature)
        .map(|variant| variant.causes)
}

/// The right signature, written in another way.
fn written(token: &Token, right: &str, signature: &str) -> Option<Cause> {
    if signature.is_empty() {
        return Some(Cause {
            code: "token_unsigned",
            message: "The token has no signature.".into(),
            remedy: "Sign it with HS256, and pass all three parts.",
        });
    }
    if right.starts_with(signature) {
        return Some(Cause {
            code: "token_signature_cut",
            message: "The token's signature is cut short.".into(),
            remedy: "Pass the whole token. A URL, a cookie or a database field may be too short \
                     for it.",
        });
    }
    let decoded = hex::decode(right).unwrap_or_default();
    // 64 digits are base64 as well, and were read as such.
    let digits_read_as_base64 = rewrites::base64_decoded(right.as_bytes());
    let is_digits = token.signature.eq_ignore_ascii_case(right.as_bytes())
        || digits_read_as_base64.contains(&token.signature);
    let is_twice = rewrites::base64_encoded(&decoded)
        .into_iter()
        .chain(rewrites::base64url_encoded(&decoded))
        .any(|encoded| encoded == token.signature);
    (is_digits || is_twice).then(|| Cause {
        code: "token_signature_encoded",
        message: "The token's signature is in hexadecimal, or was encoded twice.".into(),
        remedy: "Encode the 32 bytes of the HMAC in base64url, or let a JWT library write the token.",
    })
}

fn other_secret(case: &TokenCase<'_>) -> Option<Variant> {
    let mistaken = Cause {
        code: "token_signed_with_secret",
        message: "The token was signed with the identity verification secret.".into(),
        remedy: "Sign it with the identity token key (`itk_…`), which is another secret on purpose.",
    };
    case.secret
        .map(|secret| Variant::after(secret, vec![mistaken]))
}

/// What the key is not: for a text that cannot be read as one.
pub(super) fn unreadable(case: &TokenCase<'_>, token: Option<&Token>) -> Cause {
    let has_signed =
        token.is_some_and(|token| sign(case.key, token) == hex::encode(&token.signature));
    if has_signed {
        return Cause {
            code: "token_signed_with_other_text",
            message: "The token was signed with the text that was given to doctor as the key, which \
                      is no identity token key (`itk_…`). It may be the identity verification secret."
                .into(),
            remedy: "Sign with the organization's identity token key.",
        };
    }
    Cause {
        code: "token_key_given_malformed",
        message: "What was given to doctor as the key is no identity token key: `itk_`, 8 digits, \
                  `_` and 64 digits."
            .into(),
        remedy: "Give the organization's identity token key here. The identity verification secret \
                 signs no tokens.",
    }
}

fn sign(key: &[u8], token: &Token) -> String {
    (algorithm::right().sign)(key, &token.signed)
}

/// What stands behind `itk_`, and behind the next `_`.
fn parts(key: &[u8]) -> Option<[Vec<u8>; 2]> {
    let whole = str::from_utf8(key).ok()?.strip_prefix("itk_")?;
    let (_, digits) = whole.split_once('_')?;
    Some([whole.into(), digits.into()])
}

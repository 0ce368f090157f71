//! What is computed in place of HMAC-SHA256, or HMAC-SHA256 in the wrong way.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};

use crate::mistake::Cause;

/// From the secret and the visitor id to lowercase hexadecimal digits.
type Sign = Box<dyn Fn(&[u8], &[u8]) -> String>;

/// A way to make an hmac of a visitor id.
pub(crate) struct Algorithm {
    /// Why it is not the right one.
    pub(crate) cause: Option<Cause>,
    pub(crate) sign: Sign,
}

/// The right one.
pub(crate) fn right() -> Algorithm {
    Algorithm {
        cause: None,
        sign: Box::new(hmac_sha256),
    }
}

fn hmac_sha256(secret: &[u8], visitor_id: &[u8]) -> String {
    match identity_hmac::generate_identity_hmac(visitor_id, secret) {
        Ok(hmac) => hmac.to_hex(),
        // The core does not sign an empty id or with an empty secret. A signer who did is what we
        // are looking for.
        Err(_) => hmac::<Sha256>(secret, visitor_id),
    }
}

/// The wrong ones, the commonest first.
pub(crate) fn mistaken() -> Vec<Algorithm> {
    let mut algorithms = vec![
        with_other_arguments(
            "arguments_swapped",
            "Secret and visitor id were swapped: the id was used as the key and the secret as the \
             message.",
            |secret, visitor_id| hmac_sha256(visitor_id, secret),
        ),
        with_other_hash::<Sha1>("algorithm_hmac_sha1", "SHA-1"),
        with_other_hash::<Sha512>("algorithm_hmac_sha512", "SHA-512"),
        with_other_hash::<Sha384>("algorithm_hmac_sha384", "SHA-384"),
        with_other_hash::<Sha224>("algorithm_hmac_sha224", "SHA-224"),
        with_other_hash::<Sha512_256>("algorithm_hmac_sha512_256", "SHA-512/256"),
        with_other_arguments(
            "arguments_both_visitor_id",
            "The visitor id was used as the key as well as the message.",
            |_, visitor_id| hmac_sha256(visitor_id, visitor_id),
        ),
        with_other_arguments(
            "arguments_both_secret",
            "The secret was used as the message as well as the key.",
            |secret, _| hmac_sha256(secret, secret),
        ),
        with_other_arguments(
            "arguments_joined",
            "The message was the secret and then the visitor id.",
            |secret, visitor_id| hmac_sha256(secret, &[secret, visitor_id].concat()),
        ),
        with_other_arguments(
            "arguments_joined",
            "The message was the visitor id and then the secret.",
            |secret, visitor_id| hmac_sha256(secret, &[visitor_id, secret].concat()),
        ),
        Algorithm {
            cause: Some(Cause {
                code: "arguments_appended",
                message: "The hmac is the visitor id in hexadecimal and then the HMAC of an empty \
                          message."
                    .into(),
                remedy: "In Go call `mac.Write(visitorID)` and then `mac.Sum(nil)`: what `Sum` is \
                         given is not signed.",
            }),
            sign: Box::new(|secret, visitor_id| {
                hex::encode(visitor_id) + &hmac_sha256(secret, b"")
            }),
        },
    ];
    algorithms.extend(plain::<Sha256>("algorithm_plain_sha256", "SHA-256"));
    algorithms.extend(plain::<Sha1>("algorithm_plain_sha1", "SHA-1"));
    algorithms.extend(plain::<Sha512>("algorithm_plain_sha512", "SHA-512"));
    algorithms
}

fn with_other_arguments(
    code: &'static str,
    message: &'static str,
    sign: fn(&[u8], &[u8]) -> String,
) -> Algorithm {
    Algorithm {
        cause: Some(Cause {
            code,
            message: message.into(),
            remedy: "Pass the secret as the key and the visitor id as the message; the order of the \
                     two differs between languages.",
        }),
        sign: Box::new(sign),
    }
}

fn with_other_hash<D: EagerHash + 'static>(code: &'static str, hash: &str) -> Algorithm {
    Algorithm {
        cause: Some(Cause {
            code,
            message: format!("It is an HMAC with {hash}, not with SHA-256.").into(),
            remedy: "Name `sha256` as the algorithm where the signer makes the HMAC.",
        }),
        sign: Box::new(hmac::<D>),
    }
}

/// A hash of secret and id put together, or of the id alone.
fn plain<D: Digest + 'static>(code: &'static str, hash: &'static str) -> Vec<Algorithm> {
    let plain = |of: String, sign: Sign| Algorithm {
        cause: Some(Cause {
            code,
            message: format!("It is a plain {hash} of {of}, not an HMAC.").into(),
            remedy: "Use your language's HMAC function with `sha256`, the secret as the key and the \
                     visitor id as the message.",
        }),
        sign,
    };
    let mut algorithms = Vec::new();
    for separator in ["", ":", ".", "\n", "|", "-"] {
        let between = match separator {
            "" => String::new(),
            _ => format!(" with {separator:?} between"),
        };
        algorithms.push(plain(
            format!("the secret and then the visitor id{between}"),
            Box::new(move |secret, id| {
                hex::encode(D::digest([secret, separator.as_bytes(), id].concat()))
            }),
        ));
        algorithms.push(plain(
            format!("the visitor id and then the secret{between}"),
            Box::new(move |secret, id| {
                hex::encode(D::digest([id, separator.as_bytes(), secret].concat()))
            }),
        ));
    }
    algorithms.push(plain(
        "the visitor id alone, without the secret".to_owned(),
        Box::new(|_, id| hex::encode(D::digest(id))),
    ));
    algorithms
}

#[expect(
    clippy::expect_used,
    reason = "RFC 2104 section 2: a key has any length"
)]
fn hmac<D: EagerHash>(key: &[u8], message: &[u8]) -> String {
    let mut hmac = Hmac::<D>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.update(message);
    hex::encode(hmac.finalize().into_bytes())
}

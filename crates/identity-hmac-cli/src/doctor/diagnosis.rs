//! The search for the few mistakes that, made together, give the signature at hand.

use std::borrow::Cow;
use std::{fmt, iter};

use serde::Serialize;
use zeroize::Zeroizing;

use super::algorithm::{self, Algorithm};
use super::notation::{self, Reading};
use super::rewrites::Rewritten;
use super::{secret, visitor_id};

/// Why a signature does not match, for the person who has to mend it. It holds no input and
/// nothing that was computed from the secret.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cause {
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    pub(super) remedy: &'static str,
}

/// A mistake that changes one of the inputs.
pub(super) struct Mistake {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    pub(super) remedy: &'static str,
    /// From an input to what it may be on the other side of the mistake.
    pub(super) made: fn(&[u8]) -> Rewritten,
}

/// An input, and the mistakes that led to it.
pub(super) struct Variant {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) causes: Vec<Cause>,
}

/// What doctor is asked about.
pub struct Case<'a> {
    /// The secret as it is, mistakes included.
    pub secret: &'a [u8],
    /// The secret before the last rotation.
    pub previous_secret: Option<&'a [u8]>,
    /// The visitor id as the chat gave it.
    pub visitor_id: &'a [u8],
    /// The signature as it was sent.
    pub hmac: &'a [u8],
    /// Other values that may have been signed in place of the visitor id.
    pub also: Vec<&'a [u8]>,
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Case { .. }")
    }
}

/// What doctor found.
#[derive(Debug)]
pub(super) enum Diagnosis {
    Matches,
    /// The fewest mistakes that explain the signature, at least one.
    Mistaken(Vec<Cause>),
    Unexplained,
}

impl Variant {
    /// The input as it was given.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self::after(bytes, Vec::new())
    }

    fn after(bytes: &[u8], causes: Vec<Cause>) -> Self {
        Self {
            bytes: bytes.to_vec().into(),
            causes,
        }
    }

    /// The input after one more of `mistakes`.
    pub(super) fn with_one_of(&self, mistakes: &[Mistake]) -> impl Iterator<Item = Self> {
        mistakes.iter().flat_map(|mistake| {
            let made = (mistake.made)(&self.bytes).into_iter().map(Zeroizing::new);
            let changed = made.filter(|bytes| **bytes != *self.bytes);
            changed.map(|bytes| {
                let mut causes = self.causes.clone();
                causes.push(mistake.cause());
                Self { bytes, causes }
            })
        })
    }
}

impl Mistake {
    const fn cause(&self) -> Cause {
        Cause {
            code: self.code,
            message: Cow::Borrowed(self.message),
            remedy: self.remedy,
        }
    }
}

/// The secret or the visitor id, and what it may have been when it was signed.
struct Input {
    mistakes: &'static [Mistake],
    given: Variant,
    with_one_mistake: Vec<Variant>,
}

impl Input {
    /// `others` are what may have been taken in place of the one that was `given`.
    fn new(given: Variant, mistakes: &'static [Mistake], others: Vec<Variant>) -> Self {
        let with_one_mistake = others
            .into_iter()
            .chain(given.with_one_of(mistakes))
            .collect();
        Self {
            mistakes,
            given,
            with_one_mistake,
        }
    }

    /// Made one by one, since each may be as long as the input itself.
    fn with_two_mistakes(&self) -> impl Iterator<Item = Variant> {
        self.with_one_mistake
            .iter()
            .flat_map(|variant| variant.with_one_of(self.mistakes))
    }
}

/// Answers whether the signature matches, and if it does not, looks for the reason.
pub(super) fn diagnose(case: &Case) -> Diagnosis {
    let given = identity_hmac::verify_identity_hmac(case.visitor_id, case.hmac, case.secret);
    if given.is_ok() {
        return Diagnosis::Matches;
    }
    let causes = no_signature(case).map_or_else(|| search(case), |cause| Some(vec![cause]));
    causes.map_or(Diagnosis::Unexplained, Diagnosis::Mistaken)
}

/// The first explanation wins: it has the fewest mistakes and, among those, the commonest.
fn search(case: &Case) -> Option<Vec<Cause>> {
    let readings = notation::readings(case.hmac);
    if readings.is_empty() {
        return None;
    }
    Signer::new(case)
        .signings()
        .find_map(|signing| signing.explain(&readings))
}

/// Whoever signed, and all that may have gone wrong there.
struct Signer {
    secret: Input,
    visitor_id: Input,
    right: Algorithm,
    mistaken: Vec<Algorithm>,
}

/// What a signer may have signed, and the mistakes made in doing so.
struct Signing {
    digits: String,
    causes: Vec<Cause>,
}

impl Signer {
    fn new(case: &Case) -> Self {
        Self {
            secret: Input::new(
                Variant::new(case.secret),
                secret::MISTAKES,
                previous_secret(case),
            ),
            visitor_id: Input::new(given_visitor_id(case), visitor_id::MISTAKES, also(case)),
            right: algorithm::right(),
            mistaken: algorithm::mistaken(),
        }
    }

    /// Without a mistake, then with one, then with two.
    fn signings(&self) -> impl Iterator<Item = Signing> {
        let (secret, id, right) = (&self.secret.given, &self.visitor_id.given, &self.right);
        let secrets = || self.secret.with_one_mistake.iter();
        let ids = || self.visitor_id.with_one_mistake.iter();
        let mistaken = || self.mistaken.iter();
        let cut_secrets = || secret.with_one_of(secret::CUTS);
        let cut_ids = || id.with_one_of(visitor_id::CUTS);
        let twice_secrets = || self.secret.with_two_mistakes();
        let twice_ids = || self.visitor_id.with_two_mistakes();

        let none = iter::once_with(|| Signing::new(secret, id, right));
        let one = secrets()
            .map(|secret| Signing::new(secret, id, right))
            .chain(ids().map(|id| Signing::new(secret, id, right)))
            .chain(mistaken().map(|wrong| Signing::new(secret, id, wrong)))
            .chain(cut_secrets().map(|secret| Signing::new(&secret, id, right)))
            .chain(cut_ids().map(|id| Signing::new(secret, &id, right)));
        let two = secrets()
            .flat_map(move |secret| ids().map(|id| Signing::new(secret, id, right)))
            .chain(
                secrets().flat_map(move |secret| {
                    mistaken().map(|wrong| Signing::new(secret, id, wrong))
                }),
            )
            .chain(
                ids().flat_map(move |id| mistaken().map(|wrong| Signing::new(secret, id, wrong))),
            )
            .chain(twice_secrets().map(|secret| Signing::new(&secret, id, right)))
            .chain(twice_ids().map(|id| Signing::new(secret, &id, right)));
        none.chain(one).chain(two)
    }
}

impl Signing {
    fn new(secret: &Variant, visitor_id: &Variant, algorithm: &Algorithm) -> Self {
        let causes = [
            &secret.causes,
            &visitor_id.causes,
            algorithm.cause.as_slice(),
        ];
        Self {
            digits: (algorithm.sign)(&secret.bytes, &visitor_id.bytes),
            causes: causes.concat(),
        }
    }

    /// The fewest mistakes that lead from this signing to one of the `readings`.
    fn explain(&self, readings: &[Reading]) -> Option<Vec<Cause>> {
        let written = readings
            .iter()
            .filter_map(|reading| reading.mistakes(&self.digits));
        let written = written.min_by_key(Vec::len)?;
        Some([self.causes.as_slice(), &written].concat())
    }
}

/// Mistakes that need no search: there is no signature to look at.
fn no_signature(case: &Case) -> Option<Cause> {
    const PLACEHOLDERS: [&[u8]; 12] = [
        b"",
        b"undefined",
        b"null",
        b"None",
        b"nil",
        b"NULL",
        b"NaN",
        b"false",
        b"true",
        b"[object Object]",
        b"[object Promise]",
        b"{}",
    ];
    let hmac = case.hmac.trim_ascii();
    if PLACEHOLDERS.contains(&hmac) {
        return Some(Cause {
            code: "hmac_missing",
            message: "There is no signature: the hmac is empty or a placeholder such as \
                      `undefined`."
                .into(),
            remedy: "Look at what the backend answers to the page: the field must be called `hmac`, \
                     and both the request and `res.json()` need an `await`.",
        });
    }
    if hmac == case.secret.trim_ascii() {
        return Some(Cause {
            code: "hmac_is_secret",
            message: "The hmac is the secret itself, which must never leave the backend.".into(),
            remedy: "Rotate the secret now, then send the signature of the visitor id in its place.",
        });
    }
    (hmac == case.visitor_id.trim_ascii()).then(|| Cause {
        code: "hmac_is_visitor_id",
        message: "The hmac is the visitor id itself, not its signature.".into(),
        remedy: "Send the backend's answer as the hmac.",
    })
}

fn given_visitor_id(case: &Case) -> Variant {
    // An empty id is never verified, even where its signature is right.
    let empty = case.visitor_id.is_empty().then(|| Cause {
        code: "visitor_id_given_empty",
        message: "The visitor id given to doctor is empty, and so is the one that was signed."
            .into(),
        remedy: "Pass the id that the chat gave this visitor: read it after the chat's `init()`.",
    });
    Variant::after(case.visitor_id, empty.into_iter().collect())
}

fn previous_secret(case: &Case) -> Vec<Variant> {
    let stale = || Cause {
        code: "signed_with_previous_secret",
        message: "It was signed with the previous secret.".into(),
        remedy: "Give the signer the current secret and restart it; sign again what pages still \
                 hold.",
    };
    case.previous_secret
        .iter()
        .map(|previous| Variant::after(previous, vec![stale()]))
        .collect()
}

/// Told by their number, since what was given may be personal, or the secret by mistake.
fn also(case: &Case) -> Vec<Variant> {
    let another = |number| Cause {
        code: "also_signed",
        message: match case.also.len() {
            1 => "The --also value was signed, not the visitor id.".into(),
            _ => format!("The --also value number {number} was signed, not the visitor id.").into(),
        },
        remedy: "Sign the visitor id that the chat gave this visitor, not an e-mail or an id of \
                 your own.",
    };
    iter::zip(&case.also, 1..)
        .map(|(value, number)| Variant::after(value, vec![another(number)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The same random bytes in every run.
    fn random(seed: u32) -> Vec<u8> {
        Sha256::digest(seed.to_be_bytes()).to_vec()
    }

    #[test]
    fn thousands_of_wrong_signatures_in_every_notation_are_explained_by_no_common_mistake() {
        let case = Case {
            secret: b"s3cret and \"more\"$x=",
            previous_secret: Some(b"previous"),
            visitor_id: "visitor 1/\u{e9}".as_bytes(),
            hmac: b"",
            also: vec![b"jane@example.com"],
        };
        let signer = Signer::new(&case);
        let signings: Vec<_> = signer.signings().take(300).collect();
        assert_eq!(signings.len(), 300);
        for seed in 0..750 {
            let digits = hex::encode(random(seed));
            let wrong = [
                digits.clone(),
                digits[..8 + seed as usize % 56].to_owned(),
                base64::Engine::encode(&base64::prelude::BASE64_STANDARD, random(seed)),
                format!("sha256={digits}"),
            ];
            for wrong in wrong {
                let readings = notation::readings(wrong.as_bytes());
                assert!(!readings.is_empty());
                let explained = signings
                    .iter()
                    .find_map(|signing| signing.explain(&readings));
                assert!(explained.is_none(), "{wrong}: {explained:?}");
            }
        }
    }
}

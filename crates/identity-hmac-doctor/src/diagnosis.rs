//! The search for the fewest mistakes that together explain an hmac.

use std::{fmt, iter};

use identity_hmac::{IdentityKey, InputError};
use serde::Serialize;

use crate::algorithm::{self, Algorithm};
use crate::mistake::{Cause, Mistake, Variant};
use crate::notation::{self, Reading};
use crate::{secret, visitor_id};

/// What to diagnose: an hmac, and what it should be an hmac of. All are bytes as they were
/// sent or stored, and none is changed before the search.
pub struct Case<'a> {
    /// The secret as it is, mistakes included.
    pub secret: &'a [u8],
    /// The secret before the last rotation.
    pub previous_secret: Option<&'a [u8]>,
    /// The visitor id as the chat gave it.
    pub visitor_id: &'a [u8],
    /// The hmac as it was sent.
    pub hmac: &'a [u8],
    /// Other values that may have been signed in place of the visitor id, such as the e-mail.
    pub also: Vec<&'a [u8]>,
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Case { .. }")
    }
}

/// Whether an hmac matches, and if it does not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The fewest mistakes that together explain the hmac. Empty if the hmac matches, and
    /// if none of the usual mistakes explains it.
    pub causes: Vec<Cause>,
    /// What else is worth knowing, whether or not it is the cause; each is a sentence or two.
    pub hints: Vec<String>,
    /// Whether the secret signed the visitor id: what `verify` answers.
    pub matches: bool,
}

impl Diagnosis {
    /// Whether the hmac does not match and no cause was found.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        !self.matches && self.causes.is_empty()
    }
}

/// The secret or the visitor id, and what it may have been when it was signed.
struct Input {
    mistakes: &'static [Mistake],
    given: Variant,
    with_one_mistake: Vec<Variant>,
}

impl Input {
    /// `absent` are the mistakes that leave nothing of the input, so that none is made after another.
    /// `others` are what may have been taken in place of the one that was `given`.
    fn new(
        given: Variant,
        mistakes: &'static [Mistake],
        absent: &[Mistake],
        others: Vec<Variant>,
    ) -> Self {
        let with_one_mistake = others
            .into_iter()
            .chain(given.with_one_of(mistakes))
            .chain(given.with_one_of(absent))
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

/// Answers whether the hmac of `case` matches, and if it does not, looks for the reason.
///
/// The answer holds no input, no secret and no right hmac. The work is bounded: some
/// milliseconds, or a tenth of a second for an hmac that nothing explains. It grows with the
/// length of the inputs, so limit them where strangers choose them.
///
/// ```
/// use identity_hmac_doctor::{Case, diagnose};
///
/// let diagnosis = diagnose(&Case {
///     secret: b"s3cret",
///     previous_secret: None,
///     visitor_id: b"visitor_1",
///     hmac: b"A9K7MhgoDCir5XosCDfDemwpq81GXCXc9hoh3gwuC64=",
///     also: Vec::new(),
/// });
/// assert!(!diagnosis.matches);
/// assert_eq!(diagnosis.causes[0].code, "hmac_base64");
/// ```
#[must_use]
pub fn diagnose(case: &Case) -> Diagnosis {
    let matches =
        identity_hmac::verify_identity_hmac(case.visitor_id, case.hmac, case.secret).is_ok();
    let causes = if matches {
        Vec::new()
    } else if let Some(cause) = no_hmac(case) {
        vec![cause]
    } else {
        search(case).unwrap_or_default()
    };
    let unexplained = !matches && causes.is_empty();
    let shape = unexplained.then(|| notation::wrong_shape(case.hmac));
    let refusals = [
        refusal("the secret", case.secret),
        case.previous_secret
            .and_then(|secret| refusal("the previous secret", secret)),
    ];
    Diagnosis {
        causes,
        hints: shape
            .flatten()
            .into_iter()
            .chain(refusals.into_iter().flatten())
            .collect(),
        matches,
    }
}

/// What a strict reader of settings says to a secret that is taken as it is here.
fn refusal(name: &str, secret: &[u8]) -> Option<String> {
    match IdentityKey::from_setting(name, Some(secret)) {
        // A secret file may hold any bytes.
        Ok(_) | Err(InputError::SecretNotUtf8 { .. }) => None,
        Err(refusal) => Some(format!(
            "`from_env`, `sign` and `verify` refuse this secret: {refusal}."
        )),
    }
}

/// The fewest mistakes win and, among as many, the commonest. Two mistakes in what was signed come
/// last, since there are so many pairs: the first pair that fits is the answer.
fn search(case: &Case) -> Option<Vec<Cause>> {
    let readings = notation::readings(case.hmac);
    if readings.is_empty() {
        return None;
    }
    let signer = Signer::new(case);
    let explain = |signing: Signing| signing.explain(&readings);
    let simple = signer.with_one_mistake_at_most().filter_map(explain);
    simple
        .min_by_key(Vec::len)
        .or_else(|| signer.with_two_mistakes().find_map(explain))
}

/// The signing side, and all that may have gone wrong there.
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
                secret::ABSENT,
                previous_secret(case),
            ),
            visitor_id: Input::new(
                given_visitor_id(case),
                visitor_id::MISTAKES,
                visitor_id::ABSENT,
                also(case),
            ),
            right: algorithm::right(),
            mistaken: algorithm::mistaken(),
        }
    }

    fn with_one_mistake_at_most(&self) -> impl Iterator<Item = Signing> {
        let (secret, id, right) = (&self.secret.given, &self.visitor_id.given, &self.right);
        let secrets = self.secret.with_one_mistake.iter();
        let ids = self.visitor_id.with_one_mistake.iter();
        let mistaken = self.mistaken.iter();
        let alone = [secret::UNSET, secret::CUTS].into_iter();
        let secrets_alone = alone.flat_map(|mistakes| secret.with_one_of(mistakes));
        let cut_ids = id.with_one_of(visitor_id::CUTS);

        iter::once_with(|| Signing::new(secret, id, right))
            .chain(secrets.map(|secret| Signing::new(secret, id, right)))
            .chain(ids.map(|id| Signing::new(secret, id, right)))
            .chain(mistaken.map(|wrong| Signing::new(secret, id, wrong)))
            .chain(secrets_alone.map(|secret| Signing::new(&secret, id, right)))
            .chain(cut_ids.map(|id| Signing::new(secret, &id, right)))
    }

    fn with_two_mistakes(&self) -> impl Iterator<Item = Signing> {
        let (secret, id, right) = (&self.secret.given, &self.visitor_id.given, &self.right);
        let secrets = || self.secret.with_one_mistake.iter();
        let ids = || self.visitor_id.with_one_mistake.iter();
        let mistaken = || self.mistaken.iter();
        let twice_secrets = self.secret.with_two_mistakes();
        let twice_ids = self.visitor_id.with_two_mistakes();

        secrets()
            .flat_map(move |secret| ids().map(|id| Signing::new(secret, id, right)))
            .chain(
                secrets().flat_map(move |secret| {
                    mistaken().map(|wrong| Signing::new(secret, id, wrong))
                }),
            )
            .chain(
                ids().flat_map(move |id| mistaken().map(|wrong| Signing::new(secret, id, wrong))),
            )
            .chain(twice_secrets.map(|secret| Signing::new(&secret, id, right)))
            .chain(twice_ids.map(|id| Signing::new(secret, &id, right)))
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

/// Mistakes that need no search: there is no hmac to look at.
fn no_hmac(case: &Case) -> Option<Cause> {
    const PLACEHOLDERS: [&[u8]; 14] = [
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
        b"(null)",
        b"<nil>",
    ];
    let hmac = case.hmac.trim_ascii();
    if PLACEHOLDERS.contains(&hmac) {
        return Some(Cause {
            code: "hmac_missing",
            message: "There is no hmac: it is empty or a placeholder such as `undefined`.".into(),
            remedy: "Look at what the backend answers to the page: the field must be called `hmac`, \
                     and both the request and `res.json()` need an `await`.",
        });
    }
    if notation::is_object_name(hmac) {
        return Some(Cause {
            code: "hmac_object_name",
            message: "The hmac is the name of an object or a function, not what it holds, such as \
                      `[B@1b6d3586` in Java or `<hmac.HMAC object at 0x7f…>` in Python."
                .into(),
            remedy: "Write its 32 bytes in hexadecimal: `HexFormat` in Java, \
                     `Convert.ToHexString` in C#, `hexdigest()` with its parentheses in Python.",
        });
    }
    if hmac == case.secret.trim_ascii() {
        return Some(Cause {
            code: "hmac_is_secret",
            message: "The hmac is the secret itself, which must never leave the backend.".into(),
            remedy: "Rotate the secret now. Then send the hmac of the visitor id in its place.",
        });
    }
    (hmac == case.visitor_id.trim_ascii()).then(|| Cause {
        code: "hmac_is_visitor_id",
        message: "The hmac is the visitor id itself.".into(),
        remedy: "Send the backend's answer as the hmac.",
    })
}

fn given_visitor_id(case: &Case) -> Variant {
    // An empty id is never verified, even where its hmac is right.
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

/// Named by their number, since what was given may be personal, or the secret by mistake.
fn also(case: &Case) -> Vec<Variant> {
    let another = |number| Cause {
        code: "also_signed",
        message: match case.also.len() {
            1 => "The other value that was given was signed, not the visitor id.".into(),
            _ => format!("Number {number} of the other values was signed, not the visitor id.")
                .into(),
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
    fn hundreds_of_wrong_hmacs_in_every_notation_are_explained_by_no_common_mistake() {
        let case = Case {
            secret: b"s3cret and \"more\"$x=",
            previous_secret: Some(b"previous"),
            visitor_id: "visitor 1/\u{e9}".as_bytes(),
            hmac: b"",
            also: vec![b"jane@example.com"],
        };
        let signer = Signer::new(&case);
        let signings: Vec<_> = signer.with_one_mistake_at_most().take(300).collect();
        assert_eq!(signings.len(), 300);
        for seed in 0..150 {
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

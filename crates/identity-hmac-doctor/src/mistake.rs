//! What a mistake is: a change of an input, and the words for the person who has to mend it.

use std::borrow::Cow;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::rewrites::Rewritten;

/// Why an hmac does not match, for the person who has to mend it. It holds no input and
/// nothing that was computed from the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// A stable name in snake case, such as `secret_trailing_newline`.
    pub code: &'static str,
    /// What was done, as a sentence.
    pub message: Cow<'static, str>,
    /// What to change, and on which side.
    pub remedy: &'static str,
}

/// A mistake that changes one of the inputs.
pub(crate) struct Mistake {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) remedy: &'static str,
    /// From an input to what it may be on the other side of the mistake.
    pub(crate) made: fn(&[u8]) -> Rewritten,
}

/// An input, and the mistakes that led to it.
pub(crate) struct Variant {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) causes: Vec<Cause>,
}

impl Variant {
    /// The input as it was given.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::after(bytes, Vec::new())
    }

    pub(crate) fn after(bytes: &[u8], causes: Vec<Cause>) -> Self {
        Self {
            bytes: bytes.to_vec().into(),
            causes,
        }
    }

    /// The input after one more of `mistakes`.
    pub(crate) fn with_one_of(&self, mistakes: &[Mistake]) -> impl Iterator<Item = Self> {
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

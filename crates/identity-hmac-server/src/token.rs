//! What callers present: visitor tokens, organization keys and the admin token.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A SHA-256 digest: all that the database keeps of a token.
pub type Sha256Digest = [u8; 32];

const VISITOR_PREFIX: &str = "vt_";
const ADMIN_PREFIX: &str = "at_";
const ORGANIZATION_PREFIX: &str = "pk_";
const RANDOM_LEN: usize = 32;
const UUID_LEN: usize = 16;

/// Who a visitor token speaks for, by its own account, and the digest that the database has to
/// confirm it by.
#[derive(Clone, Copy)]
// Only a test may compare digests with an `==` that stops at the first difference.
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct VisitorToken {
    /// The organization that the visitor belongs to.
    pub organization: Uuid,
    /// The visitor.
    pub visitor: Uuid,
    /// SHA-256 of the whole token.
    pub sha256: Sha256Digest,
}

impl VisitorToken {
    /// Makes a token of 256 random bits, and the text to hand to the visitor.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] when the operating system gives no randomness.
    pub fn generate(organization: Uuid, visitor: Uuid) -> Result<(String, Self), NoRandomness> {
        let bytes = [
            organization.as_bytes(),
            visitor.as_bytes(),
            random()?.as_slice(),
        ]
        .concat();
        let text = format!("{VISITOR_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let token = Self {
            organization,
            visitor,
            sha256: sha256(&text),
        };
        Ok((text, token))
    }

    /// Reads a presented token; `None` when it does not have the form of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.strip_prefix(VISITOR_PREFIX)?)
            .ok()?;
        let (organization, rest) = bytes.split_first_chunk::<UUID_LEN>()?;
        let (visitor, random) = rest.split_first_chunk::<UUID_LEN>()?;
        (random.len() == RANDOM_LEN).then(|| Self {
            organization: Uuid::from_bytes(*organization),
            visitor: Uuid::from_bytes(*visitor),
            sha256: sha256(text),
        })
    }
}

/// Shows whose token it is and nothing of the token.
impl fmt::Debug for VisitorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VisitorToken")
            .field("organization", &self.organization)
            .field("visitor", &self.visitor)
            .finish_non_exhaustive()
    }
}

/// Makes an admin token of 256 random bits.
///
/// # Errors
///
/// [`NoRandomness`] when the operating system gives no randomness.
pub fn generate_admin_token() -> Result<Zeroizing<String>, NoRandomness> {
    let digits = URL_SAFE_NO_PAD.encode(random()?);
    Ok(Zeroizing::new(format!("{ADMIN_PREFIX}{digits}")))
}

/// The operating system gave no random bytes for a token.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

/// The digest that stands for a token in the database.
#[must_use]
pub fn sha256(token: &str) -> Sha256Digest {
    Sha256::digest(token).into()
}

/// The public key that a chat page names its organization by: not a secret.
#[must_use]
pub fn organization_key(organization: Uuid) -> String {
    format!("{ORGANIZATION_PREFIX}{}", organization.simple())
}

/// Reads a presented organization key; `None` when it does not have the form of ours.
#[must_use]
pub fn parse_organization_key(text: &str) -> Option<Uuid> {
    let organization = Uuid::try_parse(text.strip_prefix(ORGANIZATION_PREFIX)?).ok()?;
    (organization_key(organization) == text).then_some(organization)
}

pub(crate) fn random() -> Result<[u8; RANDOM_LEN], NoRandomness> {
    let mut bytes = [0; RANDOM_LEN];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_token_reads_back_as_what_it_was_made_for() {
        let (organization, visitor) = (Uuid::now_v7(), Uuid::now_v7());
        let (text, token) = VisitorToken::generate(organization, visitor).unwrap();
        assert_eq!(VisitorToken::parse(&text), Some(token));
        assert_eq!((token.organization, token.visitor), (organization, visitor));
    }

    #[test]
    fn a_malformed_visitor_token_is_not_read() {
        let (text, _) = VisitorToken::generate(Uuid::now_v7(), Uuid::now_v7()).unwrap();
        let padded = format!("{text}==");
        let longer = format!("{text}AAAA");
        for junk in [
            "",
            "vt_",
            "at_",
            &text[3..],
            &text[..text.len() - 1],
            &padded,
            &longer,
            "vt_é",
        ] {
            assert_eq!(VisitorToken::parse(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_that_confirms_a_token() {
        let (_, token) = VisitorToken::generate(Uuid::now_v7(), Uuid::now_v7()).unwrap();
        assert!(!format!("{token:?}").contains("sha256"));
    }

    #[test]
    fn an_organization_key_has_one_spelling() {
        let organization = Uuid::now_v7();
        let key = organization_key(organization);
        assert_eq!(parse_organization_key(&key), Some(organization));
        for other in [
            key.to_uppercase(),
            format!("pk_{organization}"),
            key[3..].to_owned(),
        ] {
            assert_eq!(parse_organization_key(&other), None, "{other:?}");
        }
    }
}

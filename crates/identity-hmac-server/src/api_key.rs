//! API keys: with one, a backend of an organization calls for the organization itself.

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::store::StoredKey;
use crate::token::{NoRandomness, Sha256Digest, random, sha256};

const PREFIX: &str = "sk_";
/// How many hexadecimal digits are random.
const RANDOM_DIGITS: usize = 64;
/// How many of them are the key's id. The others are enough of a secret.
const ID_DIGITS: usize = 8;

/// The organization that an API key names, and the digest by which the database has to confirm it.
#[derive(Clone)]
// Only a test may compare digests with an `==` that stops at the first difference.
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct ApiKey {
    /// The organization.
    pub organization: Uuid,
    /// What the key is called where it is listed and deleted: not a secret.
    pub id: String,
    /// SHA-256 of the whole key.
    pub sha256: Sha256Digest,
}

impl ApiKey {
    /// Makes a key of 256 random bits, and the text to hand to the organization.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] when the operating system gives no randomness.
    pub fn generate(organization: Uuid) -> Result<(Zeroizing<String>, Self), NoRandomness> {
        let digits = Zeroizing::new(hex::encode(*Zeroizing::new(random()?)));
        let text = Zeroizing::new(format!("{PREFIX}{}_{}", organization.simple(), *digits));
        let key = Self {
            organization,
            id: digits[..ID_DIGITS].to_owned(),
            sha256: sha256(&text),
        };
        Ok((text, key))
    }

    /// Reads a presented key; `None` when it does not have the form of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, digits) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if !has_digits(digits, RANDOM_DIGITS) {
            return None;
        }
        let organization = Uuid::try_parse(id).ok()?;
        // Of the spellings of a UUID, a key has this one.
        (organization.simple().to_string() == id).then(|| Self {
            organization,
            id: digits[..ID_DIGITS].to_owned(),
            sha256: sha256(text),
        })
    }
}

/// Whether an API key or a token key may have this id. Anything else is not looked up: it may be a
/// secret in the wrong place.
#[must_use]
pub fn is_key_id(text: &str) -> bool {
    has_digits(text, ID_DIGITS)
}

fn has_digits(text: &str, count: usize) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == count && text.bytes().all(is_digit)
}

/// Shows whose key it is and nothing of its secret.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("organization", &self.organization)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    /// Its id: the first 8 digits of the key's last part.
    #[schema(example = "9f86d081")]
    pub(crate) id: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// When it was last used, to a minute; null when it was not yet.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub(crate) last_used_at: Option<OffsetDateTime>,
}

impl From<StoredKey> for ApiKeyView {
    fn from(stored: StoredKey) -> Self {
        Self {
            id: stored.id,
            created_at: stored.created_at,
            last_used_at: stored.last_used_at,
        }
    }
}

/// A new API key, whose text is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApiKey {
    /// The key as it is listed.
    #[serde(flatten)]
    pub(crate) key: ApiKeyView,
    /// What the organization's backends send as `Authorization: Bearer`.
    #[schema(value_type = String, example = "sk_…")]
    pub(crate) api_key: Zeroizing<String>,
}

impl NewApiKey {
    pub(crate) fn new(stored: StoredKey, api_key: Zeroizing<String>) -> Self {
        let key = stored.into();
        Self { key, api_key }
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_what_it_was_made_for() {
        let organization = Uuid::now_v7();
        let (text, key) = ApiKey::generate(organization).unwrap();
        assert_eq!(text.len(), 3 + 32 + 1 + 64);
        assert_eq!(ApiKey::parse(&text).unwrap(), key);
        assert_eq!(key.organization, organization);
        assert_eq!(text[36..44], key.id);
    }

    #[test]
    fn a_key_has_one_spelling() {
        let organization = Uuid::now_v7();
        let (text, _) = ApiKey::generate(organization).unwrap();
        let digits = &text[36..];
        for other in [
            String::new(),
            "sk_".to_owned(),
            text.to_uppercase(),
            format!("sk_{organization}_{digits}"),
            format!("sk_{}_{}", organization.simple(), digits.to_uppercase()),
            format!(
                "sk_{}_{}",
                organization.simple().to_string().to_uppercase(),
                digits
            ),
            format!("sk_{{{organization}}}_{digits}"),
            format!("pk_{}_{digits}", organization.simple()),
            text[3..].to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{}0", *text),
            format!("{}é", &text[..text.len() - 2]),
            format!("{} ", *text),
        ] {
            assert_ne!(other, *text);
            assert_eq!(ApiKey::parse(&other), None, "{other:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_that_confirms_a_key() {
        let (text, key) = ApiKey::generate(Uuid::now_v7()).unwrap();
        let new = NewApiKey {
            key: ApiKeyView {
                id: key.id.clone(),
                created_at: OffsetDateTime::UNIX_EPOCH,
                last_used_at: None,
            },
            api_key: text.clone(),
        };
        for shown in [format!("{key:?}"), format!("{new:?}")] {
            assert!(
                !shown.contains(&text[44..]) && !shown.contains("sha256"),
                "{shown}"
            );
        }
    }
}

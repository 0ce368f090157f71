//! Token keys: with one, a backend of an organization signs identity tokens.

use std::fmt;

use identity_hmac::{InputError, TokenKey, TokenKeyring};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::master_key::{MasterKeys, NotOpened};
use crate::store::{Policy, SealedTokenKey, StoredKey};

/// A token key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenKey)]
pub(crate) struct TokenKeyView {
    /// Its id, which stands in the header of tokens: the first 8 digits of the key.
    #[schema(example = "9f2c41aa")]
    pub(crate) kid: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// When it last verified a call, to a minute; null when it did not yet.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub(crate) last_used_at: Option<OffsetDateTime>,
}

impl From<StoredKey> for TokenKeyView {
    fn from(stored: StoredKey) -> Self {
        Self {
            kid: stored.id,
            created_at: stored.created_at,
            last_used_at: stored.last_used_at,
        }
    }
}

/// A new token key, whose text is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTokenKey {
    /// The key as it is listed.
    #[serde(flatten)]
    view: TokenKeyView,
    /// What the organization's backends sign with, as `IDENTITY_TOKEN_KEY`.
    #[schema(value_type = String, example = "itk_…")]
    key: Zeroizing<String>,
}

impl NewTokenKey {
    pub(crate) fn new(stored: StoredKey, key: Zeroizing<String>) -> Self {
        let view = stored.into();
        Self { view, key }
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for NewTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTokenKey")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// A stored token key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] NotOpened),
    /// It is no token key, or the policy is none.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// Opens the token keys of an organization, the newest first; `None` when there are none.
pub(crate) fn keyring(
    master_keys: &MasterKeys,
    organization: Uuid,
    keys: &[SealedTokenKey],
    policy: &Policy,
) -> Result<Option<TokenKeyring>, Unusable> {
    let open = |key: &SealedTokenKey| -> Result<TokenKey, Unusable> {
        let text = master_keys.open((organization, key.kid.as_str()), &key.sealed)?;
        Ok(TokenKey::from_setting("the stored token key", Some(&text))?)
    };
    let Some((current, previous)) = keys.split_first() else {
        return Ok(None);
    };
    let mut keyring =
        TokenKeyring::new(open(current)?).with_max_lifetime(policy.max_token_lifetime.into())?;
    if let Some(previous) = previous.first() {
        keyring = keyring.with_previous(open(previous)?);
    }
    if let Some(time) = policy.tokens_valid_after {
        keyring = keyring.with_tokens_valid_after(whole_seconds(time));
    }
    Ok(Some(keyring))
}

/// The first whole second that is not before `time`, since the epoch.
fn whole_seconds(time: OffsetDateTime) -> u64 {
    let seconds = u64::try_from(time.unix_timestamp()).unwrap_or_default();
    seconds + u64::from(time.nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_hmac::{IdentityClaims, TokenError};
    use time::Duration;

    use crate::new_key::MadeKey;

    const NOW: u64 = 1_800_000_000;

    fn master_keys() -> MasterKeys {
        MasterKeys::parse(&"07".repeat(32)).unwrap()
    }

    fn sealed(made: &MadeKey) -> SealedTokenKey {
        let MadeKey { id, secret, .. } = made;
        SealedTokenKey {
            kid: id.clone(),
            sealed: secret.clone(),
        }
    }

    fn sign(made: &MadeKey, now: u64) -> String {
        let claims = IdentityClaims::new("visitor_1", "user_123");
        TokenKey::parse(&made.text)
            .unwrap()
            .sign(&claims, now)
            .unwrap()
    }

    #[test]
    fn tokens_of_both_keys_verify_and_of_no_other() {
        let organization = Uuid::now_v7();
        let make = || MadeKey::token(organization, &master_keys()).unwrap();
        let [newer, older, other] = [make(), make(), make()];
        let keys = [sealed(&newer), sealed(&older)];
        let opened = |keys: &[SealedTokenKey]| {
            keyring(&master_keys(), organization, keys, &Policy::default()).unwrap()
        };
        let both = opened(&keys).unwrap();
        for made in [&newer, &older] {
            let claims = both.verify(sign(made, NOW), "visitor_1", None, NOW);
            assert_eq!(claims.unwrap().key_id, made.id);
        }
        let refused = both.verify(sign(&other, NOW), "visitor_1", None, NOW);
        assert_eq!(refused.unwrap_err(), TokenError::Invalid);
        assert!(opened(&[]).is_none());
    }

    #[test]
    fn a_key_that_was_sealed_for_another_organization_or_kid_does_not_open() {
        let organization = Uuid::now_v7();
        let made = MadeKey::token(organization, &master_keys()).unwrap();
        let other = SealedTokenKey {
            kid: "00000000".to_owned(),
            ..sealed(&made)
        };
        for (organization, key) in [(Uuid::now_v7(), sealed(&made)), (organization, other)] {
            let opened = keyring(&master_keys(), organization, &[key], &Policy::default());
            assert!(matches!(opened, Err(Unusable::Sealed(NotOpened))));
        }
    }

    #[test]
    fn no_token_signed_before_the_policys_time_verifies_to_the_part_of_a_second() {
        let organization = Uuid::now_v7();
        let made = MadeKey::token(organization, &master_keys()).unwrap();
        let second = OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).unwrap();
        for (after, signed_at, is_taken) in [
            (second, NOW, true),
            (second, NOW - 1, false),
            (second + Duration::MICROSECOND, NOW, false),
            (second + Duration::MICROSECOND, NOW + 1, true),
        ] {
            let policy = Policy {
                tokens_valid_after: Some(after),
                ..Policy::default()
            };
            let keyring = keyring(&master_keys(), organization, &[sealed(&made)], &policy);
            let keyring = keyring.unwrap().unwrap();
            let verified = keyring.verify(sign(&made, signed_at), "visitor_1", None, NOW + 1);
            let refused = verified.err();
            assert_eq!(refused, (!is_taken).then_some(TokenError::Revoked));
        }
    }
}

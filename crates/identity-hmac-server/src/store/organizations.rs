//! Organizations: whose visitors they are, and how their calls are verified.

use std::fmt;

use identity_hmac::VerificationMode;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{Done, record};
use super::policy::{PolicyRow, policy_columns, stored};
use super::{
    AcceptedProofs, Connections, Policy, PolicyPatch, Store, StoreError, UnsignedAttributes,
    ValidAfter, now, on_postgres, on_sqlite, reading, require_usable_key, retrying, transaction,
    writing,
};
use crate::audit::{Action, Actor, Details};

/// An organization as it is stored.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// How its calls are verified.
    pub verification: VerificationMode,
    /// Which proofs count, and for how long.
    pub policy: Policy,
    /// The origins whose pages may call; empty for any.
    pub allowed_origins: Vec<String>,
    /// The secrets that its backends sign with.
    pub secrets: SealedSecrets,
    /// When the current secret last verified a call, to a minute.
    pub current_secret_used_at: Option<OffsetDateTime>,
    /// When the previous secret last verified a call, to a minute.
    pub previous_secret_used_at: Option<OffsetDateTime>,
    /// Whether no call of its visitors is served.
    pub suspended: bool,
    /// When the tokens of all visitors were revoked that there were.
    pub visitor_tokens_valid_after: Option<OffsetDateTime>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

impl Organization {
    /// The organization with a new current secret, sealed; `None` while a previous secret verifies,
    /// unless `force` is set.
    ///
    /// The secret that was current becomes the previous one. If it never verified a call, the customer
    /// does not have it: then a previous secret stays instead.
    #[must_use]
    pub fn rotated(mut self, sealed: Vec<u8>, force: bool) -> Option<Self> {
        if self.secrets.previous.is_some() && !force {
            return None;
        }
        let replaced = std::mem::replace(&mut self.secrets.current, sealed);
        let used_at = self.current_secret_used_at.take();
        if self.secrets.previous.is_none() || used_at.is_some() {
            self.secrets.previous = Some(replaced);
            self.previous_secret_used_at = used_at;
        }
        Some(self)
    }
}

/// The two secrets of an organization, sealed with the master key.
#[derive(Clone)]
pub struct SealedSecrets {
    /// The one to sign with.
    pub current: Vec<u8>,
    /// The one that still verifies until it is retired.
    pub previous: Option<Vec<u8>>,
}

/// Shows which secrets there are.
impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecrets")
            .field("previous", &self.previous.is_some())
            .finish_non_exhaustive()
    }
}

/// The changes to an organization: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another mode.
    pub verification: Option<VerificationMode>,
    /// Changes to its policy.
    pub policy: PolicyPatch,
    /// Other origins; empty for any.
    pub allowed_origins: Option<Vec<String>>,
    /// Whether no call of its visitors is served.
    pub suspended: Option<bool>,
}

#[derive(FromRow)]
struct OrganizationRow {
    id: Uuid,
    name: String,
    verification: String,
    #[sqlx(flatten)]
    policy: PolicyRow,
    allowed_origins: String,
    current_secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    current_secret_used_at: Option<OffsetDateTime>,
    previous_secret_used_at: Option<OffsetDateTime>,
    suspended: bool,
    visitor_tokens_valid_after: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

/// By name: with `*` a statement that was prepared before a column was added would fail.
macro_rules! columns {
    () => {
        concat!(
            "id, name, verification, allowed_origins, current_secret, previous_secret, \
             current_secret_used_at, previous_secret_used_at, suspended, visitor_tokens_valid_after, \
             created_at, ",
            policy_columns!()
        )
    };
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;

    fn try_from(row: OrganizationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            verification: read_mode(&row.verification)?,
            policy: row.policy.try_into()?,
            allowed_origins: read_origins(&row.allowed_origins),
            secrets: SealedSecrets {
                current: row.current_secret,
                previous: row.previous_secret,
            },
            current_secret_used_at: row.current_secret_used_at,
            previous_secret_used_at: row.previous_secret_used_at,
            suspended: row.suspended,
            visitor_tokens_valid_after: row.visitor_tokens_valid_after,
            created_at: row.created_at,
        })
    }
}

pub(super) fn read_mode(stored: &str) -> Result<VerificationMode, StoreError> {
    stored
        .parse()
        .map_err(|_| StoreError::Corrupt("verification mode"))
}

pub(super) fn read_origins(stored: &str) -> Vec<String> {
    stored.lines().map(str::to_owned).collect()
}

/// Origins as they are stored.
pub(super) fn stored_origins(origins: &[String]) -> String {
    origins.join("\n")
}

impl Store {
    /// Stores a new organization.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoUsableKey`] when every call would be refused; another [`StoreError`] when the
    /// database fails.
    pub async fn create_organization(
        &self,
        new: &Organization,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO organizations
            (id, name, verification, allowed_origins, current_secret, created_at, accepted_proofs,
                unsigned_attributes, identity_session, max_token_lifetime, tokens_valid_after)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let policy = &new.policy;
        let done = Done {
            actor,
            action: Action::OrganizationCreated,
            organization: Some(new.id),
            details: Details {
                name: Some(new.name.clone()),
                verification: Some(new.verification),
                allowed_origins: Some(new.allowed_origins.clone()),
                policy: new.policy.into(),
                ..Details::default()
            },
        };
        transaction!(&self.connections, true, connection => {
            sqlx::query(SQL)
                .bind(new.id)
                .bind(&new.name)
                .bind(new.verification.as_str())
                .bind(stored_origins(&new.allowed_origins))
                .bind(&new.secrets.current)
                .bind(new.created_at)
                .bind(policy.accepted_proofs.as_str())
                .bind(policy.unsigned_attributes.as_str())
                .bind(stored(policy.identity_session))
                .bind(stored(policy.max_token_lifetime))
                .bind(policy.tokens_valid_after)
                .execute(&mut *connection)
                .await?;
            require_usable_key!(connection, new.id);
            record!(connection, &done);
            Ok(())
        })
    }

    /// Reads one organization; `None` when there is none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn organization(&self, id: Uuid) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM organizations WHERE id = $1 AND deleted_at IS NULL"
        );
        reading!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(id)
            .fetch_optional(connection)
            .await?
            .map(TryInto::try_into)
            .transpose())
    }

    /// Lists up to `limit` organizations in the order of their creation, those after `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn organizations(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Organization>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM organizations WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2"
        );
        reading!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(after.unwrap_or(Uuid::nil()))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect())
    }

    /// Finds up to `limit` organizations with a text in their name, in the order of their creation, among
    /// the first `window` after `after`. The id says where the search can go on; `None` at the end.
    ///
    /// No index has the parts of names, so the window bounds the time. Letter case does not matter where
    /// the database knows it: SQLite knows that of ASCII.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn organizations_named(
        &self,
        part: &str,
        after: Option<Uuid>,
        limit: u32,
        window: u32,
    ) -> Result<(Vec<Organization>, Option<Uuid>), StoreError> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM (SELECT ",
            columns!(),
            " FROM organizations WHERE id > $1 AND deleted_at IS NULL
                ORDER BY id LIMIT $4) AS looked_at
            WHERE lower(name) LIKE lower($2) ESCAPE '!' ORDER BY id LIMIT $3"
        );
        const LAST_LOOKED_AT: &str = "SELECT id FROM organizations
            WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT 1 OFFSET $2";
        let mut pattern = String::from("%");
        for char in part.chars() {
            if ['!', '%', '_'].contains(&char) {
                pattern.push('!');
            }
            pattern.push(char);
        }
        pattern.push('%');
        let after = after.unwrap_or(Uuid::nil());
        let found: Vec<Organization> = reading!(&self.connections, connection => {
            sqlx::query_as::<_, OrganizationRow>(FIND)
                .bind(after)
                .bind(&pattern)
                .bind(i64::from(limit))
                .bind(i64::from(window))
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })?;
        if found.len() == limit as usize {
            let last = found.last().map(|last| last.id);
            return Ok((found, last));
        }
        let last = reading!(&self.connections, connection => Ok(sqlx::query_scalar(LAST_LOOKED_AT)
            .bind(after)
            .bind(i64::from(window) - 1)
            .fetch_optional(connection)
            .await?))?;
        Ok((found, last))
    }

    /// Changes an organization; `None` when there is none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoUsableKey`] when every call would be refused from then on; another
    /// [`StoreError`] when the database fails.
    pub async fn update_organization(
        &self,
        id: Uuid,
        patch: &OrganizationPatch,
        actor: &Actor,
    ) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = concat!(
            "UPDATE organizations SET
            name = COALESCE($2, name),
            verification = COALESCE($3, verification),
            allowed_origins = COALESCE($4, allowed_origins),
            suspended = COALESCE($5, suspended),
            accepted_proofs = COALESCE($6, accepted_proofs),
            unsigned_attributes = COALESCE($7, unsigned_attributes),
            identity_session = COALESCE($8, identity_session),
            max_token_lifetime = COALESCE($9, max_token_lifetime),
            tokens_valid_after = CASE WHEN $10 THEN $11 ELSE tokens_valid_after END
            WHERE id = $1 AND deleted_at IS NULL
            RETURNING ",
            columns!()
        );
        let done = Done {
            actor,
            action: Action::OrganizationUpdated,
            organization: Some(id),
            details: patch.into(),
        };
        let policy = &patch.policy;
        let changes_proofs = patch.verification.is_some() || policy.accepted_proofs.is_some();
        transaction!(&self.connections, true, connection => {
            let row = sqlx::query_as::<_, OrganizationRow>(SQL)
                .bind(id)
                .bind(&patch.name)
                .bind(patch.verification.map(VerificationMode::as_str))
                .bind(patch.allowed_origins.as_deref().map(stored_origins))
                .bind(patch.suspended)
                .bind(policy.accepted_proofs.map(AcceptedProofs::as_str))
                .bind(policy.unsigned_attributes.map(UnsignedAttributes::as_str))
                .bind(policy.identity_session.map(stored))
                .bind(policy.max_token_lifetime.map(stored))
                .bind(policy.tokens_valid_after.is_some())
                .bind(policy.tokens_valid_after.and_then(|ValidAfter(time)| time))
                .fetch_optional(&mut *connection)
                .await?;
            if changes_proofs {
                require_usable_key!(connection, id);
            }
            if row.is_some() && done.details != Details::default() {
                record!(connection, &done);
            }
            row.map(TryInto::try_into).transpose()
        })
    }

    /// Stores the secrets of an organization that was rotated; false when they are no longer those
    /// that it was rotated from, or there is no organization with that id. Also when the current secret
    /// would go, since it was never used, and was used meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn replace_secrets(
        &self,
        before: &SealedSecrets,
        rotated: &Organization,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE organizations SET
            current_secret = $4, current_secret_used_at = NULL,
            previous_secret = $5, previous_secret_used_at =
                CASE WHEN current_secret = $5 THEN current_secret_used_at ELSE previous_secret_used_at END,
            previous_secret_since =
                CASE WHEN previous_secret IS NOT DISTINCT FROM $5 THEN previous_secret_since ELSE $6 END
            WHERE id = $1 AND deleted_at IS NULL
                AND current_secret = $2 AND previous_secret IS NOT DISTINCT FROM $3
                AND (current_secret = $5 OR current_secret_used_at IS NULL)";
        let done = Done {
            actor,
            action: Action::SecretRotated,
            organization: Some(rotated.id),
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            let updated = sqlx::query(SQL)
                .bind(rotated.id)
                .bind(&before.current)
                .bind(&before.previous)
                .bind(&rotated.secrets.current)
                .bind(&rotated.secrets.previous)
                .bind(now())
                .execute(&mut *connection)
                .await?;
            if updated.rows_affected() == 0 {
                return Ok(false);
            }
            record!(connection, &done);
            Ok(true)
        })
    }

    /// Stores the same secrets, sealed anew; false when they are no longer those.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn reseal_secrets(
        &self,
        id: Uuid,
        before: &SealedSecrets,
        resealed: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE organizations SET current_secret = $4, previous_secret = $5
            WHERE id = $1 AND current_secret = $2 AND previous_secret IS NOT DISTINCT FROM $3";
        writing!(&self.connections, connection => {
            let done = sqlx::query(SQL)
                .bind(id)
                .bind(&before.current)
                .bind(&before.previous)
                .bind(&resealed.current)
                .bind(&resealed.previous)
                .execute(connection)
                .await?;
            Ok(done.rows_affected() == 1)
        })
    }

    /// Notes that a secret, sealed as it was read, has verified a call. Nothing happens when the
    /// organization no longer has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn note_secret_use(&self, id: Uuid, sealed: &[u8]) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE organizations SET
            current_secret_used_at =
                CASE WHEN current_secret = $2 THEN $3 ELSE current_secret_used_at END,
            previous_secret_used_at =
                CASE WHEN previous_secret = $2 THEN $3 ELSE previous_secret_used_at END
            WHERE id = $1";
        writing!(&self.connections, connection => {
            sqlx::query(SQL).bind(id).bind(sealed).bind(now()).execute(connection).await?;
            Ok(())
        })
    }

    /// Since when the previous secret is no longer the current one; `None` when that is not known, or
    /// there is no previous one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn previous_secret_since(
        &self,
        id: Uuid,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        const SQL: &str = "SELECT previous_secret_since FROM organizations WHERE id = $1";
        let since = reading!(&self.connections, connection => {
            Ok(sqlx::query_scalar(SQL).bind(id).fetch_optional(connection).await?)
        });
        Ok(since?.flatten())
    }

    /// Forgets the previous secret; false when there is no organization with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn retire_previous_secret(
        &self,
        id: Uuid,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE organizations
            SET previous_secret = NULL, previous_secret_used_at = NULL, previous_secret_since = NULL
            WHERE id = $1 AND deleted_at IS NULL";
        let done = Done {
            actor,
            action: Action::PreviousSecretRetired,
            organization: Some(id),
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            let updated = sqlx::query(SQL).bind(id).execute(&mut *connection).await?;
            if updated.rows_affected() == 0 {
                return Ok(false);
            }
            record!(connection, &done);
            Ok(true)
        })
    }

    /// Lets the tokens of all visitors that there are no longer count; `None` when there is no
    /// organization with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn revoke_visitor_tokens(
        &self,
        id: Uuid,
        actor: &Actor,
    ) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = concat!(
            "UPDATE organizations SET visitor_tokens_valid_after = $2
            WHERE id = $1 AND deleted_at IS NULL RETURNING ",
            columns!()
        );
        let done = Done {
            actor,
            action: Action::VisitorTokensRevoked,
            organization: Some(id),
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            let row = sqlx::query_as::<_, OrganizationRow>(SQL)
                .bind(id)
                .bind(now())
                .fetch_optional(&mut *connection)
                .await?;
            if row.is_some() {
                record!(connection, &done);
            }
            row.map(TryInto::try_into).transpose()
        })
    }
}

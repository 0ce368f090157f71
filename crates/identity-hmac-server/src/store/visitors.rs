//! Visitors: anonymous ids, each with a token that its browser keeps.

use identity_hmac::VerificationMode;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::identities::{KnownRow, columns, record_join};
use super::organizations::{read_mode, read_origins};
use super::persons::{person_join, pin_columns};
use super::policy::{PolicyRow, policy_columns};
use super::{
    Connections, Known, Policy, SealedSecrets, SealedTokenKey, Session, Store, StoreError,
    last_seen, now, on_postgres, on_sqlite, reading, retrying, writing,
};
use crate::token::VisitorToken;

/// What an authenticated visitor's call needs to know of its organization.
#[derive(Clone, Debug)]
pub struct Caller {
    /// How the call is verified.
    pub verification: VerificationMode,
    /// The origins whose pages may call; empty for any.
    pub allowed_origins: Vec<String>,
    /// Whether the call is refused: the organization is suspended.
    pub suspended: bool,
    /// The secrets that the call may be signed with.
    pub secrets: SealedSecrets,
    /// The keys that a token of the call may be signed with, the newest first; empty when none was read.
    pub token_keys: Vec<SealedTokenKey>,
    /// Which proofs count, and for how long.
    pub policy: Policy,
    /// No token of a visitor who was made until then counts.
    pub visitor_tokens_valid_after: Option<OffsetDateTime>,
    /// What is stored of the visitor.
    pub known: Known,
    /// When the visitor last called, to a day.
    pub last_seen_at: OffsetDateTime,
}

impl Caller {
    /// Whether the visitor's token was not used for so many days, where 0 is for ever.
    #[must_use]
    pub(crate) fn is_expired(&self, lifetime: u32) -> bool {
        last_seen::limit(lifetime).is_some_and(|limit| self.last_seen_at < limit)
    }
}

#[derive(FromRow)]
struct CallerRow {
    verification: String,
    allowed_origins: String,
    suspended: bool,
    current_secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    #[sqlx(flatten)]
    policy: PolicyRow,
    #[sqlx(flatten)]
    known: KnownRow,
    visitor_tokens_valid_after: Option<OffsetDateTime>,
    visitor_created_at: OffsetDateTime,
    last_seen_at: Option<OffsetDateTime>,
    #[sqlx(default)]
    kid: Option<String>,
    #[sqlx(default)]
    sealed: Option<Vec<u8>>,
}

impl CallerRow {
    fn take_token_key(&mut self) -> Option<SealedTokenKey> {
        Some(SealedTokenKey {
            kid: self.kid.take()?,
            sealed: self.sealed.take()?,
        })
    }
}

/// Selects the visitor with a token, with what stands beside it.
macro_rules! caller {
    ($more_columns:literal, $more_tables:literal) => {
        concat!(
            "SELECT o.verification, o.allowed_origins, o.suspended, o.current_secret, o.previous_secret,
                o.visitor_tokens_valid_after, v.created_at AS visitor_created_at, v.last_seen_at, ",
            policy_columns!(),
            ", ",
            columns!(),
            ", ",
            pin_columns!(),
            $more_columns,
            " FROM visitors v JOIN organizations o ON o.id = v.organization_id",
            person_join!(),
            record_join!(),
            $more_tables,
            " WHERE o.deleted_at IS NULL AND v.organization_id = $1 AND v.id = $2
                AND v.token_sha256 = $3"
        )
    };
}

const CALLER: &str = caller!("", "");
/// One row for each token key, or one without any.
const CALLER_WITH_TOKEN_KEYS: &str = concat!(
    caller!(
        ", k.kid, k.sealed",
        "LEFT JOIN token_keys k ON k.organization_id = v.organization_id"
    ),
    " ORDER BY k.created_at DESC, k.slot DESC"
);

impl Store {
    /// Stores a new visitor; false when its organization was deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn create_visitor(&self, token: &VisitorToken) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO visitors (organization_id, id, token_sha256, created_at)
            SELECT id, $2, $3, $4 FROM organizations WHERE id = $1 AND deleted_at IS NULL";
        writing!(&self.connections, connection => {
            let done = sqlx::query(SQL)
                .bind(token.organization)
                .bind(token.visitor)
                .bind(token.sha256.as_slice())
                .bind(now())
                .execute(connection)
                .await?;
            Ok(done.rows_affected() == 1)
        })
    }
}

impl Session {
    /// Confirms a presented token; `None` when it is nobody's, was revoked, or was not used for
    /// `lifetime` days, where 0 is for ever. Token keys are read if they are asked for: without them, what
    /// PostgreSQL does for the read takes a sixth less time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn caller(
        &mut self,
        token: &VisitorToken,
        lifetime: u32,
        with_token_keys: bool,
    ) -> Result<Option<Caller>, StoreError> {
        let sql = if with_token_keys {
            CALLER_WITH_TOKEN_KEYS
        } else {
            CALLER
        };
        reading!(&mut self.connections, connection => {
            let mut rows = sqlx::query_as::<_, CallerRow>(sql)
                .bind(token.organization)
                .bind(token.visitor)
                .bind(token.sha256.as_slice())
                .fetch_all(connection)
                .await?;
            let token_keys = rows.iter_mut().filter_map(CallerRow::take_token_key).collect();
            let Some(row) = rows.pop() else { return Ok(None) };
            // A token is made with its visitor.
            let made_at = row.visitor_created_at;
            let is_revoked = row.visitor_tokens_valid_after.is_some_and(|after| made_at <= after);
            if is_revoked {
                return Ok(None);
            }
            let caller = Caller {
                verification: read_mode(&row.verification)?,
                allowed_origins: read_origins(&row.allowed_origins),
                suspended: row.suspended,
                secrets: SealedSecrets {
                    current: row.current_secret,
                    previous: row.previous_secret,
                },
                token_keys,
                policy: row.policy.try_into()?,
                visitor_tokens_valid_after: row.visitor_tokens_valid_after,
                known: row.known.try_into()?,
                last_seen_at: row.last_seen_at.unwrap_or(made_at),
            };
            Ok((!caller.is_expired(lifetime)).then_some(caller))
        })
    }
}

//! Visitors who called a short time ago, as their calls have left them. On PostgreSQL the next call of such
//! a visitor reads nothing. It is judged by what is remembered, and its one statement writes only if all of
//! that still holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::identify::{Write, replace, write_query};
use super::organizations::stored_origins;
use super::persons::read_metadata;
use super::{
    Caller, Connections, Identified, IdentifyCall, Identity, Known, Store, StoreError, metadata,
    on_postgres, retrying,
};
use crate::token::{Sha256Digest, VisitorToken};

/// How long a visitor is remembered after a call.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How much memory that may take, in bytes. Some twenty thousand visitors have room in it.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Replaces a record if it is still the one that is remembered, and with it all that has let the call in:
/// the visitor's token, that no person is verified, and what its organization has set.
const REPLACE_AS_REMEMBERED: &str = concat!(
    replace!(),
    " AND EXISTS (
        SELECT 1 FROM visitors v JOIN organizations o ON o.id = v.organization_id
        WHERE o.id = $1 AND v.organization_id = $1 AND v.id = $2 AND v.token_sha256 = $16
            AND v.person IS NULL AND COALESCE(v.last_seen_at, v.created_at) = $24
            AND o.deleted_at IS NULL AND NOT o.suspended AND o.verification = $17
            AND o.allowed_origins = $18 AND o.current_secret = $19
            AND o.previous_secret IS NOT DISTINCT FROM $20
            AND o.visitor_tokens_valid_after IS NOT DISTINCT FROM $21
            AND o.accepted_proofs = $22 AND o.unsigned_attributes = $23)"
);

/// The visitors who are remembered, by the digests of their tokens.
#[derive(Clone)]
pub(super) struct Recent(Cache<Sha256Digest, Arc<Remembered>>);

struct Remembered {
    /// Without the record's metadata.
    caller: Caller,
    /// The record's metadata as it is stored: read, it can take a hundred times the memory.
    metadata: Option<String>,
}

impl Remembered {
    /// A visitor by its last call; `None` for one whose next call has to read more.
    fn new(caller: Caller, identity: &Identity) -> Option<Self> {
        if identity.pin.is_some() {
            return None;
        }
        let metadata = identity.metadata.as_ref().map(metadata::write);
        let record = Identity {
            metadata: None,
            ..identity.clone()
        };
        Some(Self {
            metadata: metadata.transpose().ok()?,
            caller: Caller {
                known: Known {
                    pin: None,
                    record: Some(record),
                },
                token_keys: Vec::new(),
                ..caller
            },
        })
    }

    fn caller(&self) -> Option<Caller> {
        let mut caller = self.caller.clone();
        let record = caller.known.record.as_mut()?;
        record.metadata = read_metadata(self.metadata.as_deref()).ok()?;
        Some(caller)
    }

    /// How much memory it takes, in bytes.
    fn size(&self) -> u32 {
        let Caller {
            secrets,
            allowed_origins,
            known,
            ..
        } = &self.caller;
        let record = known.record.as_ref();
        let texts = [&self.metadata]
            .into_iter()
            .chain(
                record
                    .into_iter()
                    .flat_map(|record| [&record.name, &record.email, &record.external_id]),
            )
            .flatten()
            .chain(allowed_origins)
            .map(String::len);
        let sealed = [Some(&secrets.current), secrets.previous.as_ref()];
        let sealed = sealed.into_iter().flatten().map(Vec::len);
        let size = size_of::<Self>() + texts.chain(sealed).sum::<usize>();
        u32::try_from(size).unwrap_or(u32::MAX)
    }
}

impl Recent {
    pub(super) fn new() -> Self {
        Self(
            Cache::builder()
                .weigher(|_, remembered: &Arc<Remembered>| remembered.size())
                .max_capacity(MAX_BYTES)
                .time_to_live(REMEMBERED)
                .build(),
        )
    }

    /// Forgets every visitor, since some were erased.
    pub(super) fn forget_all(&self) {
        self.0.invalidate_all();
        self.upkeep();
    }

    /// Frees the memory of visitors whose time is over.
    pub(super) fn upkeep(&self) {
        self.0.run_pending_tasks();
    }
}

/// Shows nothing of the visitors.
impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Store {
    /// Remembers a visitor as a call has left it, unless its next call has to read more. On SQLite a read costs
    /// less than this.
    pub(crate) fn remember(&self, token: &VisitorToken, caller: Caller, identity: &Identity) {
        let Connections::Postgres(_) = self.connections else {
            return;
        };
        match Remembered::new(caller, identity) {
            Some(remembered) => self.recent.0.insert(token.sha256, Arc::new(remembered)),
            None => self.recent.0.invalidate(&token.sha256),
        }
    }

    /// A visitor who called a short time ago, as that call has left it. Only
    /// [`identify_remembered`](Self::identify_remembered) can tell whether it is so still.
    pub(crate) fn remembered(&self, token: &VisitorToken) -> Option<Caller> {
        self.recent.0.get(&token.sha256)?.caller()
    }

    /// Merges a call into the record of a remembered visitor, if nothing has changed since that the call
    /// rests on; `None` with nothing written when something has, or when more has to be done.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub(crate) async fn identify_remembered(
        &self,
        token: &VisitorToken,
        caller: &Caller,
        call: &IdentifyCall,
    ) -> Result<Option<Identified>, StoreError> {
        let Connections::Postgres(pool) = &self.connections else {
            return Ok(None);
        };
        let Some(write) = Write::replacement(call) else {
            return Ok(None);
        };
        let done = on_postgres!(pool, false, connection => {
            Ok(write_query!(REPLACE_AS_REMEMBERED, write, false)
                .bind(token.sha256.as_slice())
                .bind(caller.verification.as_str())
                .bind(stored_origins(&caller.allowed_origins))
                .bind(&caller.secrets.current)
                .bind(&caller.secrets.previous)
                .bind(caller.visitor_tokens_valid_after)
                .bind(caller.policy.accepted_proofs.as_str())
                .bind(caller.policy.unsigned_attributes.as_str())
                .bind(caller.last_seen_at)
                .execute(connection)
                .await?)
        })?;
        if done.rows_affected() == 1 {
            return Ok(Some(write.identified()));
        }
        self.recent.0.invalidate(&token.sha256);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use identity_hmac::VerificationMode;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::store::{Policy, SealedSecrets, now};

    fn caller() -> Caller {
        Caller {
            verification: VerificationMode::Observe,
            allowed_origins: vec!["https://shop.example".to_owned()],
            suspended: false,
            secrets: SealedSecrets {
                current: vec![1; 100],
                previous: Some(vec![2; 100]),
            },
            token_keys: Vec::new(),
            policy: Policy::default(),
            visitor_tokens_valid_after: None,
            known: Known::default(),
            last_seen_at: now(),
        }
    }

    fn identity(metadata: Option<Value>) -> Identity {
        let metadata = metadata.map(|metadata| metadata.as_object().unwrap().clone());
        Identity {
            id: Uuid::nil(),
            visitor_id: Uuid::nil(),
            external_id: None,
            email: Some("jane@example.com".to_owned()),
            name: Some("Jane".to_owned()),
            metadata,
            vouched_by: None,
            created_at: now(),
            updated_at: now(),
            pin: None,
        }
    }

    fn remember(recent: &Recent, number: u32, identity: &Identity) {
        let mut sha256 = [0; 32];
        sha256[..4].copy_from_slice(&number.to_be_bytes());
        let remembered = Remembered::new(caller(), identity).unwrap();
        recent.0.insert(sha256, Arc::new(remembered));
    }

    #[test]
    fn a_visitor_is_remembered_as_its_call_has_left_it() {
        for metadata in [
            None,
            Some(json!({"plan": "premium", "seats": [1, 2.5], "none": {}})),
        ] {
            let identity = identity(metadata);
            let remembered = Remembered::new(caller(), &identity).unwrap();
            assert_eq!(remembered.caller().unwrap().known.record, Some(identity));
        }
    }

    #[test]
    fn what_is_remembered_takes_a_bounded_amount_of_memory() {
        let recent = Recent::new();
        let identity = identity(Some(json!({"text": "x".repeat(16_000)})));
        for number in 0..2_000 {
            remember(&recent, number, &identity);
        }
        recent.upkeep();
        let (size, visitors) = (recent.0.weighted_size(), recent.0.entry_count());
        assert!(size <= MAX_BYTES, "{size}");
        assert!(visitors > 900, "{visitors}");
    }

    #[test]
    fn whoever_was_erased_is_forgotten_at_once() {
        let recent = Recent::new();
        for number in 0..10 {
            remember(&recent, number, &identity(None));
        }
        recent.upkeep();
        assert_eq!(recent.0.entry_count(), 10);
        recent.forget_all();
        assert_eq!(recent.0.entry_count(), 0);
    }
}

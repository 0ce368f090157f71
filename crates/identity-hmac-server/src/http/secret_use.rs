//! When the secrets of organizations last verified a call, as the database keeps it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::store::Store;

/// How often the use of one secret is written, at most.
const EVERY: Duration = Duration::from_secs(60);

/// The secrets whose use was written a short time ago, sealed as they are stored.
#[derive(Debug, Default)]
pub(crate) struct SecretUse(Mutex<HashMap<Vec<u8>, Instant>>);

impl SecretUse {
    /// Notes that a secret has verified a call. The call does not wait for the database.
    pub(crate) fn note(&self, store: &Store, organization: Uuid, sealed: &[u8]) {
        if !self.is_due(sealed) {
            return;
        }
        let (store, sealed) = (store.clone(), sealed.to_vec());
        tokio::spawn(async move {
            if let Err(error) = store.note_secret_use(organization, &sealed).await {
                tracing::warn!(%error, %organization, "the use of a secret is not noted");
            }
        });
    }

    fn is_due(&self, sealed: &[u8]) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(sealed).is_some_and(|at| at.elapsed() < EVERY) {
            return false;
        }
        written.insert(sealed.to_vec(), Instant::now());
        true
    }

    /// Forgets the secrets that were not used for a while.
    pub(crate) fn forget_idle(&self) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.retain(|_, at| at.elapsed() < EVERY);
        written.shrink_to_fit();
    }
}

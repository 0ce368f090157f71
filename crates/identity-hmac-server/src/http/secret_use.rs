//! When secrets and keys of organizations were last used, as the database keeps it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::App;
use crate::api_key::ApiKey;
use crate::store::{KeyKind, Store, StoreError};

/// How often the use of one secret is written, at most.
const EVERY: Duration = Duration::from_mins(1);

/// The secrets and keys whose use was written a short time ago: each as it is stored, and a token key by
/// its organization and kid.
#[derive(Debug, Default)]
pub(crate) struct SecretUse(Mutex<HashMap<Vec<u8>, Instant>>);

impl SecretUse {
    /// Notes that a secret, sealed as it is stored, has verified a call.
    pub(crate) fn note(&self, store: &Store, organization: Uuid, sealed: &[u8]) {
        if self.is_due(sealed) {
            let (store, sealed) = (store.clone(), sealed.to_vec());
            write(organization, async move {
                store.note_secret_use(organization, &sealed).await
            });
        }
    }

    /// Notes that an API key was used.
    pub(crate) fn note_api_key(&self, store: &Store, key: &ApiKey) {
        if self.is_due(&key.sha256) {
            let (store, key) = (store.clone(), key.clone());
            write(key.organization, async move {
                let ApiKey {
                    organization, id, ..
                } = &key;
                store.note_key_use(KeyKind::Api, *organization, id).await
            });
        }
    }

    fn is_due(&self, stored: &[u8]) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(stored).is_some_and(|at| at.elapsed() < EVERY) {
            return false;
        }
        written.insert(stored.to_vec(), Instant::now());
        true
    }

    /// Forgets the secrets that were not used for a while.
    pub(crate) fn forget_idle(&self) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.retain(|_, at| at.elapsed() < EVERY);
        written.shrink_to_fit();
    }
}

/// Notes that a token key has verified a call.
pub(crate) fn note_token_key_use(app: &App, organization: Uuid, kid: &str) {
    let named = [organization.as_bytes(), kid.as_bytes()].concat();
    if app.secret_use.is_due(&named) {
        let (store, kid) = (app.store.clone(), kid.to_owned());
        write(organization, async move {
            store.note_key_use(KeyKind::Token, organization, &kid).await
        });
    }
}

/// Writes a use. The call does not wait for it.
fn write(organization: Uuid, use_: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = use_.await {
            tracing::warn!(%error, %organization, "the use of a secret is not noted");
        }
    });
}

//! The sessions, on the server, where a log-out can end them. A session also ends when nobody has used
//! it for a while, and after a working day. If there are too many, the least recently used one ends.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{self, Id, Record};
use tower_sessions::session_store::{Result, SessionStore};

use crate::problem::Problem;

pub(crate) struct Limits {
    pub(crate) idle: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) count: u64,
}

pub(crate) fn sessions(limits: &Limits) -> SessionManagerLayer<Sessions> {
    let cache = Cache::builder()
        .time_to_idle(limits.idle)
        .time_to_live(limits.lifetime)
        .max_capacity(limits.count)
        .eviction_policy(EvictionPolicy::lru())
        .build();
    SessionManagerLayer::new(Sessions(cache))
        .with_name("session") // HttpOnly is the default. Behind HTTPS keep `Secure`, too.
        .with_same_site(SameSite::Lax)
        .with_secure(false)
}

#[derive(Clone, Debug)]
pub(crate) struct Sessions(Cache<Id, Record>);

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Its id has 128 random bits, so it is no other session's.
        self.save(record).await
    }

    /// Called at log-in alone, since nothing else changes a session.
    async fn save(&self, record: &Record) -> Result<()> {
        self.0.insert(record.id, record.clone());
        self.0.run_pending_tasks(); // What is one too many goes now, not some time later.
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        Ok(self.0.get(id))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.invalidate(id);
        Ok(())
    }
}

impl From<session::Error> for Problem {
    fn from(_: session::Error) -> Self {
        Self(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the sessions cannot be reached",
        )
    }
}

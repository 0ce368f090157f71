//! How often one caller may call: by address, by visitor, and by organization for its backends. How
//! many visitors an organization gets.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::App;
use super::address::Client;
use super::problem::Problem;
use crate::metric::RATE_LIMITED;

/// Limits the calls of each key to so many a minute, in one burst or spread. Each process counts by
/// itself.
#[derive(Debug)]
pub(crate) struct Rate<K: Hash + Eq + Clone> {
    /// What the metrics call it.
    name: &'static str,
    limiter: Option<DefaultKeyedRateLimiter<K>>,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `calls` a minute for each key; 0 for no limit.
    pub(crate) fn per_minute(name: &'static str, calls: u32) -> Self {
        Self {
            name,
            limiter: NonZeroU32::new(calls)
                .map(|calls| RateLimiter::keyed(Quota::per_minute(calls))),
        }
    }

    /// Counts a call of `key`, or refuses it.
    pub(crate) fn check(&self, key: &K) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        limiter.check_key(key).map_err(|until| {
            metrics::counter!(RATE_LIMITED, "limit" => self.name).increment(1);
            let wait = until.wait_time_from(DefaultClock::default().now());
            Problem::rate_limited(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }

    /// Forgets the keys that have their whole quota again.
    pub(crate) fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// Turns away a client whose address calls too often.
pub(crate) async fn limit_address(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Some(client) = request.extensions().get::<Client>() {
        app.address_rate.check(&client.subnet())?;
    }
    Ok(next.run(request).await)
}

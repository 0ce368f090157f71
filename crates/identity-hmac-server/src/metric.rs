//! What `/metrics` has: the name of each metric, and what it means.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};

use crate::store::Store;

/// Requests by route, method and status.
pub(crate) const REQUESTS: &str = "identity_hmac_http_requests_total";
/// Seconds by route and method.
pub(crate) const DURATION: &str = "identity_hmac_http_request_duration_seconds";
/// Calls of `identify()` by mode and result.
pub(crate) const IDENTIFY: &str = "identity_hmac_identify_total";
/// Calls that a limit refused.
pub(crate) const RATE_LIMITED: &str = "identity_hmac_rate_limited_total";
/// Open connections by listener.
pub(crate) const CONNECTIONS: &str = "identity_hmac_connections";
/// Connections that were closed because their address had too many.
pub(crate) const CONNECTIONS_REFUSED: &str = "identity_hmac_connections_refused_total";
/// Calls that are in no verification stats.
pub(crate) const STATS_LOST: &str = "identity_hmac_verification_stats_lost_total";
/// Visitors that retention removed.
pub(crate) const VISITORS_REMOVED: &str = "identity_hmac_visitors_removed_total";
const DATABASE_CONNECTIONS: &str = "identity_hmac_database_connections";
const DATABASE_CONNECTIONS_MAX: &str = "identity_hmac_database_connections_max";
const DATABASE_WAITING: &str = "identity_hmac_database_waiting";
const LOG_LINES_DROPPED: &str = "identity_hmac_log_lines_dropped_total";
const BUILD_INFO: &str = "identity_hmac_build_info";

/// Tells the recorder what each metric means. A counter without labels begins at 0, so that an alert
/// on its increase sees the first one.
pub(crate) fn describe() {
    describe_counter!(REQUESTS, "Requests by route, method and status.");
    describe_histogram!(
        DURATION,
        "Seconds from the head of a request to its answer, by route and method."
    );
    describe_counter!(
        IDENTIFY,
        "Calls of identify() by the organization's verification mode and the result."
    );
    describe_counter!(RATE_LIMITED, "Calls that got 429, by the limit.");
    describe_gauge!(CONNECTIONS, "Open connections of clients, by listener.");
    describe_counter!(
        CONNECTIONS_REFUSED,
        "Connections that were closed because their address had too many."
    );
    describe_counter!(
        STATS_LOST,
        "Calls of identify() that no verification stats count."
    );
    describe_counter!(
        VISITORS_REMOVED,
        "Visitors that --visitor-retention removed, since they did not call."
    );
    describe_gauge!(
        DATABASE_CONNECTIONS,
        "Open connections to the database, by state."
    );
    describe_gauge!(
        DATABASE_CONNECTIONS_MAX,
        "Connections to the database that there may be."
    );
    describe_gauge!(
        DATABASE_WAITING,
        "Calls that wait for a connection to PostgreSQL."
    );
    describe_counter!(
        LOG_LINES_DROPPED,
        "Log lines that nobody took: the reader stalls or is gone, or the disk is full."
    );
    describe_gauge!(BUILD_INFO, "The version of the running program; always 1.");
    for name in [CONNECTIONS_REFUSED, STATS_LOST, VISITORS_REMOVED] {
        counter!(name).increment(0);
    }
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
}

/// Takes the values that are asked for only when they are shown.
pub(crate) fn take(store: &Store, dropped_log_lines: u64) {
    counter!(LOG_LINES_DROPPED).absolute(dropped_log_lines);
    let pool = store.pool();
    gauge!(DATABASE_CONNECTIONS, "state" => "busy").set(pool.busy);
    gauge!(DATABASE_CONNECTIONS, "state" => "idle").set(pool.idle);
    gauge!(DATABASE_CONNECTIONS_MAX).set(pool.max);
    gauge!(DATABASE_WAITING).set(pool.waiting);
}

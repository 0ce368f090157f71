//! Which pages may call the visitor's routes (Fetch standard, "CORS protocol").
//!
//! A preflight does not say which organization the call is for, so every page may ask. `check_origin`
//! refuses the call itself before anything is done. The page may read that refusal, so that its
//! author learns what to do. This is safe: the answer holds no data of the visitor or the
//! organization, and only says that the page's own origin is not listed.
//!
//! A page may send any header with its call. Tools for tracing add theirs to every call of a page, as
//! Sentry does with `sentry-trace` and OpenTelemetry with `traceparent`; without credentials a header
//! gives a page no right.

use std::time::Duration;

use axum::http::Method;
use axum::http::header::{HeaderName, RETRY_AFTER};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::telemetry::REQUEST_ID;

/// Names the organization of a page that asks for a visitor.
pub(crate) const ORGANIZATION_KEY: HeaderName = HeaderName::from_static("x-organization-key");

/// Lets any page call, without credentials: the visitor's token is no cookie.
pub(crate) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_hours(2))
}

//! Which pages may call the visitor's routes (Fetch standard, "CORS protocol").
//!
//! A preflight does not say which organization the call is for, so every page may ask; the call
//! itself is refused by `check_origin`, and that answer the page does not get to read.

use std::time::Duration;

use axum::http::Method;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER,
};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::problem::OriginRefused;
use super::telemetry::REQUEST_ID;

/// Names the organization of a page that asks for a visitor.
pub(crate) const ORGANIZATION_KEY: HeaderName = HeaderName::from_static("x-organization-key");

/// Lets any page call, without credentials: the visitor's token is no cookie.
pub(crate) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, ORGANIZATION_KEY])
        .expose_headers([RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_secs(2 * 60 * 60))
}

/// Keeps the answer to a refused page from being read by it.
pub(crate) async fn hide_refusal(mut response: Response) -> Response {
    if response.extensions().get::<OriginRefused>().is_some() {
        response.headers_mut().remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    }
    response
}

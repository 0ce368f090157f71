//! What is seen from outside of each request: its id, a log line, and metrics.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::App;
use super::address::{Client, Peer};

/// Names a request in its answer and in every log line about it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Requests by route, method and status.
pub(crate) const REQUESTS: &str = "http_requests_total";
/// Seconds by route and method.
pub(crate) const DURATION: &str = "http_request_duration_seconds";

tokio::task_local! {
    /// The request that is being answered.
    static ANSWERING: Uuid;
}

/// The id of the request that is being answered; nil outside of one.
pub(crate) fn request_id() -> Uuid {
    ANSWERING.try_with(|id| *id).unwrap_or_default()
}

/// Watches a request from its headers to its answer.
///
/// The id is always made here: one that a client sent could forge log lines.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = Uuid::new_v4();
    let method = known(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let client = request
        .extensions()
        .get::<Peer>()
        .map(|peer| Client::of(*peer, request.headers(), &app.trusted_proxies));
    let span = tracing::info_span!("request", %id, method, route, client = Empty, organization = Empty, result = Empty);
    if let Some(client) = client {
        span.record("client", tracing::field::display(client.0));
        request.extensions_mut().insert(client);
    }

    let answer = next.run(request).instrument(span.clone());
    let mut response = ANSWERING.scope(id, answer).await;
    let elapsed = start.elapsed().as_secs_f64();
    let status = response.status();
    span.in_scope(|| tracing::info!(status = status.as_u16(), ms = elapsed * 1e3, "answered"));
    metrics::histogram!(DURATION, "route" => route.clone(), "method" => method).record(elapsed);
    let status = status.as_str().to_owned();
    metrics::counter!(REQUESTS, "route" => route, "method" => method, "status" => status)
        .increment(1);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    // Tokens, secrets and people's data.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Names the organization of the request in its log line.
pub(crate) fn record_organization(organization: Uuid) {
    Span::current().record("organization", tracing::field::display(organization));
}

/// The method as a label: a client can make up others without end.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::DELETE => "DELETE",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}

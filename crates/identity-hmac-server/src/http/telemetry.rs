//! What is seen from outside of each request: its id, a log line, and metrics.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONNECTION, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::App;
use super::address::{Client, Peer};
use super::once::once;
use crate::metric::{DURATION, REQUESTS};

/// Names a request in its answer and in every log line about it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the trace that a request is part of.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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
/// The id is always made here: one that a client sent could be another request's. The trace that the
/// request belongs to stands beside it.
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
    let trace = trace_id(request.headers());
    let span = tracing::info_span!("request", %id, trace_id = trace, method, route, client = Empty, organization = Empty, result = Empty);
    if let Some(client) = client {
        if let Some(shown) = app.log_client_address.shown(client.0) {
            span.record("client", tracing::field::display(shown));
        }
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
    if app.is_draining() {
        // The next request of this client goes to another process.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // Tokens, secrets and people's data.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The trace id of a `traceparent` header (W3C Trace Context, section 3.2), if it has that form.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = once(headers, &TRACEPARENT).ok()??.to_str().ok()?;
    let mut parts = text.split('-');
    let [version, trace, parent, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
    let is_hex = |part: &str, len| {
        part.len() == len
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, len| is_hex(part, len) && part.bytes().any(|byte| byte != b'0');
    // Versions to come may add parts.
    let is_whole = parts.next().is_none() || version != "00";
    let fits = is_hex(version, 2)
        && version != "ff"
        && is_id(trace, 32)
        && is_id(parent, 16)
        && is_hex(flags, 2);
    (fits && is_whole).then_some(trace)
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

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn trace_of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        trace_id(&headers).map(str::to_owned)
    }

    #[test]
    fn the_trace_id_is_read_from_a_traceparent() {
        for value in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-adds"),
        ] {
            assert_eq!(trace_of(&[&value]).as_deref(), Some(TRACE), "{value}");
        }
    }

    #[test]
    fn a_malformed_traceparent_names_no_trace() {
        let none = "0".repeat(32);
        let upper = TRACE.to_uppercase();
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for value in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{none}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{upper}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-1"),
            format!("00-{TRACE}0-00f067aa0ba902b7-01"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("{good}-more"),
        ] {
            assert_eq!(trace_of(&[&value]), None, "{value}");
        }
        assert_eq!(trace_of(&[&good, &good]), None);
    }
}

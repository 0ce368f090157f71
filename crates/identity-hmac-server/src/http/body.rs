//! Request bodies: one JSON object, whose members are taken one by one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use identity_hmac::attributes::MAX_METADATA_LEVELS;
use identity_hmac::strict_json;
use serde_json::{Map, Value};

use super::App;
use super::once::once;
use super::problem::Problem;

/// The largest body, in bytes.
pub(crate) const MAX_LEN: usize = 64 * 1024;

/// The members of a body that were not taken yet.
#[derive(Debug)]
pub struct Members(Map<String, Value>);

impl Members {
    /// Reads the members of one JSON object.
    ///
    /// # Errors
    ///
    /// [`Problem`] for anything else than one JSON object of a single meaning.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        match strict_json::parse(text, 1 + MAX_METADATA_LEVELS)? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Problem::invalid_request(
                None,
                "the body is not a JSON object",
            )),
        }
    }

    /// Takes a member; `None` when it is absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Ends the taking: what is left is a member that nobody knows.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            Some(name) => Err(Problem::invalid_request(Some(name), "unknown field")),
            None => Ok(()),
        }
    }
}

impl FromRequest<Arc<App>> for Members {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if is_encoded(request.headers()) {
            return Err(Problem::unsupported_encoding());
        }
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type());
        }
        Self::parse(&read(request, app).await?)
    }
}

/// Reads a body whole, if it comes in time and is not too large.
pub(crate) async fn read(request: Request, app: &Arc<App>) -> Result<Bytes, Problem> {
    tokio::time::timeout(app.body_deadline, Bytes::from_request(request, app))
        .await
        .map_err(|_| Problem::request_timeout())?
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(MAX_LEN),
            _ => Problem::invalid_request(None, "the body broke off"),
        })
}

/// Whether the body is compressed, or encoded in another way (RFC 9110 section 8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// `application/json`, or another type of JSON's syntax (RFC 6839 section 3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let Ok(Some(Ok(kind))) = once(headers, &CONTENT_TYPE).map(|kind| kind.map(HeaderValue::to_str))
    else {
        return false;
    };
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

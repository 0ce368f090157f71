//! Answers to what cannot be done: problem documents (RFC 9457).

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(crate) struct Problem(pub(crate) StatusCode, pub(crate) &'static str);

pub(crate) const NOT_FOUND: Problem = Problem(StatusCode::NOT_FOUND, "there is nothing here");
pub(crate) const METHOD_NOT_ALLOWED: Problem = Problem(
    StatusCode::METHOD_NOT_ALLOWED,
    "the method is not allowed here",
);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document {
            title: Option<&'static str>,
            status: u16,
            detail: &'static str,
        }
        let Self(status, detail) = self;
        let document = Document {
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail,
        };
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, Json(document)).into_response()
    }
}

//! A page that cannot be shown, or a change that cannot be made.

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::page;
use crate::http::Problem;

/// What is answered in the place of a page.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    /// What is wrong and what to do.
    detail: String,
    retry_after: Option<HeaderValue>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self {
            status,
            detail: detail.to_owned(),
            retry_after: None,
        }
    }

    pub(super) fn no_page() -> Self {
        let detail = "There is no such page: it was moved, or the link is cut short.";
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

/// What an admin route would answer.
impl<P: Into<Problem>> From<P> for Failure {
    fn from(problem: P) -> Self {
        let problem: Problem = problem.into();
        let failure = Self::new(problem.status(), problem.detail());
        Self {
            retry_after: problem.into_response().headers_mut().remove(RETRY_AFTER),
            ..failure
        }
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    title: &'a str,
    detail: &'a str,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let failure = FailurePage {
            title: self.status.canonical_reason().unwrap_or_default(),
            detail: &self.detail,
        };
        let mut response = match page::render(&failure) {
            Ok(page) => (self.status, page).into_response(),
            Err(_) => self.status.into_response(),
        };
        let retry_after = self.retry_after.map(|seconds| (RETRY_AFTER, seconds));
        response.headers_mut().extend(retry_after);
        response
    }
}

//! What the route answers.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::VisitorIds;

/// An answer, to be sent as it is.
///
/// `Debug` shows the status alone: somebody who read the body in a log could identify as that
/// visitor.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, their names in lower case. Each name stands once.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body, in UTF-8. A server sends none of it in the answer to HEAD.
    pub body: String,
}

impl Response {
    pub(super) fn ok(body: String) -> Self {
        Self::new(200, "application/json", body)
    }

    pub(super) fn bad_request(visitor_ids: VisitorIds<'_>) -> Self {
        let detail = match visitor_ids {
            VisitorIds::Uuid => "send one visitorId, a UUID",
            VisitorIds::Matching(_) => "send one visitorId, as the chat gave it",
        };
        Self::problem(400, "Bad Request", detail)
    }

    pub(super) fn unauthorized() -> Self {
        Self::problem(401, "Unauthorized", "log in first")
    }

    pub(super) fn forbidden() -> Self {
        Self::problem(403, "Forbidden", "only pages of this site may ask")
    }

    pub(super) fn not_found() -> Self {
        Self::problem(404, "Not Found", "there is nothing here")
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "the method is not allowed here";
        let mut response = Self::problem(405, "Method Not Allowed", detail);
        response.headers.push(("allow", "GET, HEAD"));
        response
    }

    /// A problem document (RFC 9457). Its type is `about:blank`, so its title is that of the status.
    /// Neither text needs an escape in JSON.
    fn problem(status: u16, title: &str, detail: &str) -> Self {
        let body = format!(r#"{{"title":"{title}","status":{status},"detail":"{detail}"}}"#);
        Self::new(status, "application/problem+json", body)
    }

    /// The answer depends on who is logged in. `no-store` keeps it out of every cache, and `Vary`
    /// says why to one that stores it against the rule.
    fn new(status: u16, content_type: &'static str, body: String) -> Self {
        let headers = vec![
            ("content-type", content_type),
            ("cache-control", "no-store"),
            ("vary", "Cookie"),
        ];
        Self {
            status,
            headers,
            body,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response {{ status: {}, .. }}", self.status)
    }
}

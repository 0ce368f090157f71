//! Requests that are wrong, each in its own way.

use reqwest::{Method, RequestBuilder};

use crate::harness::{Organization, Service, Visitor, http};

/// A request, and the status and the code of the answer that it has to get.
pub(super) type Malformed = (RequestBuilder, u16, &'static str);

/// Bodies of `identify()`.
const BODIES: [&str; 9] = [
    r#"{"name": "#,
    r"[]",
    r#"{"name": 1}"#,
    r#"{"name": "a", "name": "b"}"#,
    r#"{"name": "\ud800"}"#,
    r#"{"email": "jane"}"#,
    r#"{"externalId": ["user_123"]}"#,
    r#"{"metadata": "plan"}"#,
    r#"{"role": "admin"}"#,
];

/// One of them all, at random.
pub(super) fn malformed(
    service: &Service,
    organization: &Organization,
    visitor: &Visitor,
) -> Malformed {
    let json = |body: String| {
        let request = visitor.request().header("content-type", "application/json");
        request.body(body)
    };
    let to = |method: Method, path: &str| http().request(method, format!("{}{path}", service.url));
    let kinds: [&dyn Fn() -> Malformed; 9] = [
        &|| {
            let body = fastrand::choice(BODIES).unwrap_or_default();
            (json(body.to_owned()), 422, "invalid_request")
        },
        &|| {
            let body = format!(r#"{{"name": "{}"}}"#, "x".repeat(70_000));
            (json(body), 413, "too_large")
        },
        &|| {
            let request = visitor.request().header("content-type", "text/plain");
            (request.body("{}"), 415, "unsupported_media_type")
        },
        &|| {
            let cut = visitor.with_token(&visitor.token[..visitor.token.len() - 1]);
            (cut.request(), 401, "invalid_visitor_token")
        },
        &|| {
            let request = to(Method::POST, "/v1/visitors");
            let other = format!("{}0", organization.key);
            (
                request.header("x-organization-key", other),
                401,
                "unknown_organization",
            )
        },
        &|| {
            let url = format!("{}/v1/admin/organizations", service.admin_url);
            (
                http().get(url).bearer_auth(&visitor.token),
                401,
                "invalid_admin_token",
            )
        },
        &|| {
            let path = format!("/{}/identities?limit=0", organization.id);
            (
                organization.admin(Method::GET, &path),
                422,
                "invalid_request",
            )
        },
        &|| (to(Method::GET, "/v1/identify"), 405, "method_not_allowed"),
        &|| (to(Method::GET, "/v2/identify"), 404, "not_found"),
    ];
    fastrand::choice(kinds).unwrap()()
}

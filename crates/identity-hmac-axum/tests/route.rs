//! The route on a router, as a backend has it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use identity_hmac::{IdentityKey, TokenKey, TokenKeyring};
use identity_hmac_axum::{ChatIdentity, User};
use serde_json::{Value, json};
use tower::ServiceExt;

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/vectors/route.json"
));
const VISITOR: &str = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90";
const TOKEN_KEY: &str =
    "itk_9f2c41aa_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Stands for a backend's own: the id of the user is in a header.
struct CurrentUser(String);

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let id = parts.headers.get("cookie").and_then(|id| id.to_str().ok());
        id.map(|id| Self(id.to_owned()))
            .ok_or((StatusCode::UNAUTHORIZED, "of the extractor"))
    }
}

fn app(route: ChatIdentity) -> Router {
    let route = route.route(|CurrentUser(id): CurrentUser| User::new(id));
    Router::new().route("/api/chat-identity", route)
}

fn with_hmac() -> ChatIdentity {
    ChatIdentity::new(IdentityKey::new("s3cret").unwrap())
}

fn get(target: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(format!("/api/chat-identity{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn send(app: Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

fn is_for_this_session(headers: &HeaderMap) {
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["vary"], "Cookie");
}

/// The tokens among them carry the time. `tokens_say_who_the_user_is` is about those.
#[tokio::test]
async fn the_cases_of_the_shared_vectors_that_http_can_carry_hold() {
    let document: Value = serde_json::from_str(VECTORS).unwrap();
    let mut tried = 0;
    for case in document["cases"].as_array().unwrap() {
        let (given, answer) = (&case["request"], &case["answer"]);
        if case["kind"] != "answered" || case["token_key"].is_string() {
            continue;
        }
        let text = |field: &str| given[field].as_str().unwrap();
        let target = format!(
            "/api/chat-identity{}?{}",
            text("remaining_path"),
            text("query")
        );
        let Ok(uri) = target.parse::<Uri>() else {
            continue;
        };
        let mut request = Request::builder().method(text("method")).uri(uri);
        if let Some(site) = given["sec_fetch_site"].as_str() {
            request = request.header("Sec-Fetch-Site", site);
        }
        let Ok(mut request) = request.body(Body::empty()) else {
            continue;
        };
        if let Some(id) = case["user"]["external_id"].as_str() {
            let user = User::new(id).unwrap();
            request.extensions_mut().insert(user);
        }
        let mut route = with_hmac();
        if let Value::Array(ids) = case["visitor_ids"].clone() {
            route = route.with_visitor_ids(move |id| ids.contains(&id.into()));
        }
        let route = route.route(|user: Option<Extension<User>>| Ok(user.map(|user| user.0)));
        let app = Router::new().route("/api/chat-identity", route);

        let name = &case["name"];
        let (status, headers, body) = send(app, request).await;
        tried += 1;
        if !text("remaining_path").is_empty() {
            assert_eq!(status, 404, "{name}: of axum's own");
            continue;
        }
        assert_eq!(json!(status.as_u16()), answer["status"], "{name}");
        for (header, value) in answer["headers"].as_object().unwrap() {
            assert_eq!(headers[header], value.as_str().unwrap(), "{name}");
        }
        let expected = if text("method") == "HEAD" {
            &json!("")
        } else {
            &answer["body"]
        };
        assert_eq!(&json!(body), expected, "{name}");
    }
    assert!(tried > 80, "{tried}");
}

#[tokio::test]
async fn tokens_say_who_the_user_is() {
    let key = TokenKey::parse(TOKEN_KEY).unwrap();
    let route = ChatIdentity::new(key.clone())
        .route(|CurrentUser(id): CurrentUser| Ok(User::new(id)?.email("jane@example.com")));
    let app = Router::new().route("/api/chat-identity", route);
    let request = get(&format!("?visitorId={VISITOR}"), &[("cookie", "user_123")]);
    let (status, _, body) = send(app, request).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let keyring = TokenKeyring::new(key);
    let token = body["token"].as_str().unwrap();
    let claims = keyring.verify(token, VISITOR, None, now).unwrap();
    assert_eq!(claims.external_id, "user_123");
    assert_eq!(claims.email.value().unwrap(), "jane@example.com");
}

#[tokio::test]
async fn what_the_extractor_rejects_with_is_the_answer_to_every_request() {
    for (method, target) in [("GET", ""), ("POST", "?visitorId=1"), ("DELETE", "")] {
        let mut request = get(target, &[("Sec-Fetch-Site", "cross-site")]);
        *request.method_mut() = method.parse().unwrap();
        let (status, headers, body) = send(app(with_hmac()), request).await;
        assert_eq!((status.as_u16(), &*body), (401, "of the extractor"));
        is_for_this_session(&headers);
    }
}

#[tokio::test]
async fn two_headers_that_say_the_site_are_refused() {
    let headers = [
        ("cookie", "user_123"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let request = get(&format!("?visitorId={VISITOR}"), &headers);
    assert_eq!(send(app(with_hmac()), request).await.0, 403);
}

#[tokio::test]
async fn a_user_without_an_id_or_with_a_malformed_address_is_a_fault_of_the_backend() {
    let key = TokenKey::parse(TOKEN_KEY).unwrap();
    let route = ChatIdentity::new(key)
        .route(|CurrentUser(id): CurrentUser| Ok(User::new(id)?.email("of user_123")));
    let malformed = Router::new().route("/api/chat-identity", route);
    for (app, id, field) in [
        (app(with_hmac()), "", "sub"),
        (malformed, "user_123", "email"),
    ] {
        let request = get(&format!("?visitorId={VISITOR}"), &[("cookie", id)]);
        let (status, headers, body) = send(app, request).await;
        assert_eq!(status, 500);
        assert_eq!(headers["content-type"], "application/problem+json");
        is_for_this_session(&headers);
        let body: Value = serde_json::from_str(&body).unwrap();
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.contains(field) && !detail.contains("user_123"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn below_another_path_the_route_is_the_same() {
    let app = Router::new().nest("/shop", app(with_hmac()));
    let mut request = get("", &[("cookie", "user_123")]);
    *request.uri_mut() = format!("/shop/api/chat-identity?visitorId={VISITOR}")
        .parse()
        .unwrap();
    assert_eq!(send(app, request).await.0, 200);
}

#[test]
fn nothing_of_the_key_shows_in_debug() {
    assert_eq!(format!("{:?}", with_hmac()), "ChatIdentity { .. }");
}

#[tokio::test]
async fn a_nested_router_has_the_route_behind_its_path_and_nowhere_else() {
    let app = Router::new().nest("/shop", app(with_hmac()));
    let status = async |path: &str| {
        let request = Request::get(format!("{path}?visitorId={VISITOR}"))
            .header("cookie", "user_123")
            .body(Body::empty())
            .unwrap();
        send(app.clone(), request).await.0
    };
    assert_eq!(status("/shop/api/chat-identity").await, 200);
    for path in [
        "/api/chat-identity",
        "/shop/api/chat-identity/any",
        "/shop/shop/api/chat-identity",
    ] {
        assert_eq!(status(path).await, 404, "{path}");
    }
}

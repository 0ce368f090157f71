//! Which pages may call: Fetch standard, "CORS protocol".

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Answer, Database, Organization, Service, Session, Visitor, http};

const SHOP: &str = "https://shop.example";

/// May a page of this origin read the answer, as a browser decides it?
fn may_read(headers: &HeaderMap, origin: &str) -> bool {
    let allowed: Vec<_> = headers
        .get_all("access-control-allow-origin")
        .iter()
        .collect();
    match allowed[..] {
        [] => false,
        [allowed] if allowed == "*" => true,
        [allowed] => {
            // A cache must not give it to another page.
            assert!(lists(headers, "vary", "origin"), "{headers:?}");
            allowed == origin
        }
        _ => panic!("{headers:?}"),
    }
}

fn lists(headers: &HeaderMap, name: &str, entry: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut entries = values.flat_map(|value| value.to_str().unwrap().split(','));
    entries.any(|listed| listed.trim().eq_ignore_ascii_case(entry))
}

/// What a page calls.
fn calls(service: &Service, organization: &Organization, visitor: &Visitor) -> Vec<RequestBuilder> {
    let visitors = http().post(format!("{}/v1/visitors", service.url));
    let identity = http().get(format!("{}/v1/identity", service.url));
    vec![
        visitors.header("x-organization-key", &organization.key),
        visitor.request().json(&json!({"name": "Jane"})),
        identity.bearer_auth(&visitor.token),
    ]
}

#[tokio::test]
async fn a_page_of_any_origin_may_call_if_no_origin_is_set() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    for origin in [SHOP, "http://localhost:3000", "null"] {
        for call in calls(&service, &organization, &visitor) {
            let answer = Answer::to(call.header("origin", origin)).await;
            assert!(may_read(&answer.headers, origin), "{:?}", answer.headers);
            assert!(
                !answer
                    .headers
                    .contains_key("access-control-allow-credentials")
            );
            for header in ["x-request-id", "retry-after"] {
                assert!(lists(
                    &answer.headers,
                    "access-control-expose-headers",
                    header
                ));
            }
            answer.ok();
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_and_reads_why() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let origins = [SHOP, "http://127.0.0.1:3000"];
    organization
        .update(json!({"allowedOrigins": origins}))
        .await
        .ok();
    for origin in origins {
        for call in calls(&service, &organization, &visitor) {
            let answer = Answer::to(call.header("origin", origin)).await;
            assert!(may_read(&answer.headers, origin), "{:?}", answer.headers);
            answer.ok();
        }
    }
    let before = visitor.identity().await.ok();
    for origin in [
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://SHOP.example",
        "null",
        "",
    ] {
        for call in calls(&service, &organization, &visitor) {
            let answer = Answer::to(call.header("origin", origin)).await;
            answer.is_problem(403, "origin_not_allowed");
            assert!(may_read(&answer.headers, origin), "{:?}", answer.headers);
            // It learns what to do, and nothing else.
            assert!(answer.text.contains("allowedOrigins"), "{answer:?}");
            for secret in [SHOP, &visitor.id, &organization.id] {
                assert!(!answer.text.contains(secret), "{answer:?}");
            }
        }
        let params = json!({"name": "Mallory"});
        let call = visitor.request().header("origin", origin).json(&params);
        Answer::to(call).await.is_problem(403, "origin_not_allowed");
    }
    assert_eq!(visitor.identity().await.ok(), before);
    // Another organization's pages have nothing to do with it.
    let other = service.organization().await;
    let visitor = other.visitor().await;
    for call in calls(&service, &other, &visitor) {
        Answer::to(call.header("origin", "https://evil.example"))
            .await
            .ok();
    }
}

#[tokio::test]
async fn a_call_from_no_page_needs_no_origin() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    organization
        .update(json!({"allowedOrigins": [SHOP]}))
        .await
        .ok();
    let visitor = organization.visitor().await;
    for call in calls(&service, &organization, &visitor) {
        Answer::to(call).await.ok();
    }
}

#[tokio::test]
async fn a_preflight_lets_every_page_call_with_the_headers_of_its_tracing_tools() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let asked = [
        "authorization",
        "content-type",
        "x-organization-key",
        // Sentry, OpenTelemetry, Datadog.
        "baggage",
        "sentry-trace",
        "traceparent",
        "tracestate",
        "x-datadog-trace-id",
    ];
    for (path, method) in [
        ("visitors", "POST"),
        ("identify", "POST"),
        ("identity", "GET"),
    ] {
        let preflight = http()
            .request(Method::OPTIONS, format!("{}/v1/{path}", service.url))
            .header("origin", SHOP)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", asked.join(","));
        let answer = Answer::to(preflight).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        assert!(may_read(&answer.headers, SHOP), "{:?}", answer.headers);
        assert!(lists(
            &answer.headers,
            "access-control-allow-methods",
            method
        ));
        for header in asked {
            assert!(
                lists(&answer.headers, "access-control-allow-headers", header),
                "{header}"
            );
        }
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
}

#[tokio::test]
async fn a_page_reads_why_its_call_failed() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--address-rate=60", "--visitor-rate=0"]);
    let organization = service.organization().await;
    organization.verification("required").await;
    let visitor = organization.visitor().await;
    let url = |path: &str| format!("{}/v1/{path}", service.url);
    let identify = || http().post(url("identify")).header("origin", SHOP);
    for (call, status) in [
        (identify(), 401),
        (
            visitor.request().header("origin", SHOP).json(&json!({})),
            403,
        ),
        (visitor.request().header("origin", SHOP).body("{}"), 415),
        (
            visitor.request().header("origin", SHOP).json(&json!([])),
            422,
        ),
        (
            visitor
                .request()
                .header("origin", SHOP)
                .json(&json!("x".repeat(70_000))),
            413,
        ),
        (http().post(url("visitors")).header("origin", SHOP), 401),
        (
            http()
                .get(url("identity"))
                .header("origin", SHOP)
                .bearer_auth("vt_unknown"),
            401,
        ),
    ] {
        let answer = Answer::to(call).await;
        assert_eq!(answer.status, status);
        assert!(
            may_read(&answer.headers, SHOP),
            "{status} {:?}",
            answer.headers
        );
    }
    // And when to come back, when its address calls too often.
    let limited = loop {
        let answer = Answer::to(identify()).await;
        if answer.status != 401 {
            break answer;
        }
    };
    limited.is_problem(429, "rate_limited");
    assert!(may_read(&limited.headers, SHOP), "{:?}", limited.headers);
}

#[tokio::test]
async fn no_page_may_call_the_admins_routes() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    for path in ["", &format!("/{}", organization.id)] {
        let call = organization.admin(Method::GET, path).header("origin", SHOP);
        let answer = Answer::to(call).await;
        assert!(!may_read(&answer.headers, SHOP), "{:?}", answer.headers);
        let preflight = organization
            .admin(Method::OPTIONS, path)
            .header("origin", SHOP)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let answer = Answer::to(preflight).await;
        assert!(!may_read(&answer.headers, SHOP), "{:?}", answer.headers);
    }
    for path in ["/metrics", "/readyz", "/openapi.json"] {
        let call = http()
            .get(format!("{}{path}", service.admin_url))
            .header("origin", SHOP);
        assert!(!may_read(&Answer::to(call).await.headers, SHOP), "{path}");
    }
}

#[tokio::test]
async fn a_page_reads_that_its_call_took_too_long() {
    let database = Database::sqlite();
    let args = [
        "--address-rate=0",
        "--visitor-rate=0",
        "--request-deadline=1",
    ];
    let service = Service::start_with(&database, &args);
    let visitor = service.organization().await.visitor().await;
    let mut session = Session::open(&database).await;
    session.lock_identities().await;
    let call = visitor.request().header("origin", SHOP).json(&json!({}));
    let answer = Answer::to(call).await;
    answer.is_problem(503, "unavailable");
    assert!(may_read(&answer.headers, SHOP), "{:?}", answer.headers);
    let log = service.settled_log().await;
    assert!(log.contains("the request took too long"), "{log}");
}

#[tokio::test]
async fn pages_of_apps_with_a_scheme_of_their_own_are_listed_like_others() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let origins = [
        "capacitor://localhost",
        "ionic://localhost",
        "app://shop",
        "tauri://localhost",
    ];
    organization
        .update(json!({"allowedOrigins": origins}))
        .await
        .ok();
    for origin in origins {
        for call in calls(&service, &organization, &visitor) {
            let answer = Answer::to(call.header("origin", origin)).await;
            assert!(may_read(&answer.headers, origin), "{:?}", answer.headers);
            answer.ok();
        }
    }
    let call = visitor
        .request()
        .header("origin", "capacitor://evil")
        .json(&json!({}));
    Answer::to(call).await.is_problem(403, "origin_not_allowed");
}

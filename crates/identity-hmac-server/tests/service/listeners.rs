//! The public listener and the admin listener: what each serves, and what it does not.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Answer, Database, Service, command, http, migrate, serve};

/// What both listeners serve.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// The method and the path of every operation that the OpenAPI document places at one listener.
async fn documented(service: &Service, flag: &str) -> BTreeSet<(String, String)> {
    let document = service.admin_get("/openapi.json").await.ok();
    let own = |path: &serde_json::Value| {
        let servers = match &path["servers"] {
            serde_json::Value::Null => &document["servers"],
            servers => servers,
        };
        servers[0]["description"].as_str().unwrap().ends_with(flag)
    };
    let mut found = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if own(operations) && method != "servers" {
                found.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

/// Calls with every method that a route may have, and with the preflight of a page.
fn calls(url: &str, path: &str) -> Vec<RequestBuilder> {
    let url = format!("{url}{path}");
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let mut calls: Vec<_> = methods
        .into_iter()
        .map(|method| http().request(method, &url).json(&json!({"name": "x"})))
        .collect();
    let preflight = http().request(Method::OPTIONS, &url);
    calls.push(preflight.header("access-control-request-method", "POST"));
    calls
}

/// Shows that there is nothing at this path, for a page or anybody else.
async fn assert_nothing(url: &str, path: &str, tokens: &[&str]) {
    for token in [None].into_iter().chain(tokens.iter().map(Some)) {
        for call in calls(url, path) {
            let mut call = call.header("origin", "https://shop.example");
            if let Some(token) = token {
                call = call.bearer_auth(token);
            }
            let answer = Answer::to(call).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            let allowed = "access-control-allow-origin";
            assert!(!answer.headers.contains_key(allowed), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_public_listener_has_nothing_of_the_admins_whatever_token_is_sent() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let admins = documented(&service, "--admin-listen").await;
    assert!(admins.len() >= 10, "{admins:?}");
    for (_, path) in admins {
        let path = path.replace("{id}", &organization.id);
        let path = path.replace("{identityId}", &visitor.id);
        assert_nothing(&service.url, &path, &[&service.admin_token, &visitor.token]).await;
    }
    for path in ["/dashboard", "/dashboard/login", "/dashboard/style.css"] {
        assert_nothing(&service.url, path, &[&service.admin_token]).await;
    }
}

#[tokio::test]
async fn the_admin_listener_has_no_route_of_the_visitors() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    let public = documented(&service, "--listen").await;
    assert!(public.len() >= 5, "{public:?}");
    for (method, path) in public {
        if HEALTH.contains(&path.as_str()) {
            continue;
        }
        let served = http().request(
            Method::from_bytes(method.as_bytes()).unwrap(),
            format!("{}{path}", service.url),
        );
        assert_ne!(Answer::to(served).await.status, 404, "{path}");
        let tokens = [&*service.admin_token, &visitor.token];
        assert_nothing(&service.admin_url, &path, &tokens).await;
    }
}

#[tokio::test]
async fn both_listeners_say_how_the_service_is() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    for path in HEALTH {
        for answer in [service.get(path).await, service.admin_get(path).await] {
            assert_eq!(answer.ok(), json!({"status": "ok"}));
        }
    }
}

#[tokio::test]
async fn without_an_admin_listener_the_visitors_are_served_and_nothing_else() {
    let database = Database::sqlite();
    migrate(&database);
    let made = command(&database)
        .args(["org", "create", "Shop", "--json"])
        .output()
        .unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let service = Service::start_with(&database, &["--admin-listen=off"]);
    assert_eq!(service.output(), format!("listening on {}\n", service.url));
    let key = made["organizationKey"].as_str().unwrap();
    let visitors = http().post(format!("{}/v1/visitors", service.url));
    Answer::to(visitors.header("x-organization-key", key))
        .await
        .ok();
    for path in ["/v1/admin/organizations", "/metrics", "/openapi.json"] {
        assert_nothing(&service.url, path, &[&service.admin_token]).await;
    }
}

#[tokio::test]
async fn the_admin_address_is_printed_before_the_line_that_readers_wait_for() {
    let database = Database::sqlite();
    let service = Service::start_command(&database, serve(&database, &[]));
    let expected = format!(
        "admin interface on {admin}\ndashboard on {admin}/dashboard\nlistening on {}\n",
        service.url,
        admin = service.admin_url
    );
    assert_eq!(service.output(), expected);
    assert_ne!(service.admin_url, service.url);
}

#[test]
fn by_default_the_admin_interface_is_at_the_loopback_address() {
    let database = Database::sqlite();
    let help = command(&database)
        .env_remove("IDENTITY_ADMIN_LISTEN")
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, help) = help.split_once("--admin-listen").unwrap();
    let (_, default) = help.split_once("[default: ").unwrap();
    assert!(default.starts_with("127.0.0.1:8081]"), "{help}");
}

//! What monitors and readers of logs see: request ids, log lines, metrics, health, and the OpenAPI
//! document.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{ADMIN_TOKEN, Answer, Database, Service, Wire, http, on_both_databases};

async fn get(service: &Service, path: &str) -> Answer {
    Answer::to(http().get(format!("{}{path}", service.url))).await
}

fn request_id(answer: &Answer) -> &str {
    answer.headers["x-request-id"].to_str().unwrap()
}

/// A service that has answered calls of every kind, and those answers.
async fn busy(service: &Service) -> Vec<Answer> {
    let organization = service.organization().await;
    organization.verification("required").await;
    let visitor = organization.visitor().await;
    let hmac = organization.sign(&visitor);
    let jane = json!({"name": "Canary Jane", "email": "canary@example.com", "hmac": hmac,
        "externalId": "canary-id", "metadata": {"canary": "canary"}});
    vec![
        visitor.identify(jane).await,
        visitor.identify(json!({"name": "Canary Jane"})).await,
        visitor.identify(json!({"hmac": "0".repeat(64)})).await,
        visitor.identify(json!({"canary": 1})).await,
        visitor.identity().await,
        visitor.with_token("vt_canary").identity().await,
        get(service, "/canary?canary=canary").await,
        get(service, "/v1/identify").await,
    ]
}

/// What must not be in any log: secrets, tokens, and data of a person.
async fn private(service: &Service) -> Vec<String> {
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let answer = visitor.identify(json!({"name": "Canary Jane"})).await;
    assert_eq!(answer.status, 200);
    vec![
        organization.secret,
        visitor.token,
        ADMIN_TOKEN.to_owned(),
        "anary".to_owned(),
    ]
}

#[tokio::test]
async fn every_answer_names_its_request_and_is_kept_by_no_cache() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let mut answers = busy(&service).await;
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"] {
        answers.push(get(&service, path).await);
        answers.push(service.admin_get(path).await);
    }
    let ids: BTreeSet<_> = answers.iter().map(request_id).collect();
    assert_eq!(ids.len(), answers.len(), "an id was used twice");
    for answer in &answers {
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_request_id_from_outside_is_not_taken_over() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let request = http().get(format!("{}/healthz", service.url));
    let answer = Answer::to(request.header("x-request-id", "canary")).await;
    assert_ne!(request_id(&answer), "canary");
    let log = service.settled_log().await;
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn the_log_names_the_trace_that_a_request_belongs_to() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--log-format=json"]);
    let request = http().get(format!("{}/healthz", service.url));
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let traced = Answer::to(request.header("traceparent", traceparent)).await;
    let untraced = get(&service, "/healthz").await;
    let log = service.settled_log().await;
    let trace_of = |answer: &Answer| {
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut lines = lines.filter(|line| line["span"]["id"] == request_id(answer));
        lines.next().unwrap()["span"]["trace_id"].clone()
    };
    assert_eq!(trace_of(&traced), TRACE);
    assert_eq!(trace_of(&untraced), Value::Null);
}

#[tokio::test]
async fn a_log_of_json_has_an_object_per_line_with_the_request_in_it() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--log-format=json"]);
    let answers = busy(&service).await;
    let lines: Vec<Value> = service
        .settled_log()
        .await
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for answer in &answers {
        let line = lines
            .iter()
            .find(|line| line["span"]["id"] == request_id(answer) && line["message"] == "answered")
            .unwrap();
        assert_eq!(line["status"], answer.status);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["span"]["client"], "127.0.0.1");
        assert!(line["ms"].as_f64().unwrap() > 0.0);
    }
    let routes: BTreeSet<_> = lines
        .iter()
        .filter_map(|line| line["span"]["route"].as_str())
        .collect();
    assert!(
        routes.contains("/v1/identify") && routes.contains("unmatched"),
        "{routes:?}"
    );
}

#[tokio::test]
async fn the_log_tells_why_a_call_was_refused_and_for_which_organization() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let mut organization = service.organization().await;
    organization.verification("required").await;
    let visitor = organization.visitor().await;
    let stale = organization.sign(&visitor);
    organization.rotate_secret().await;
    let told = async |params: Value, expected: &str| {
        let answer = visitor.identify(params).await;
        let log = service.settled_log().await;
        let line = log
            .lines()
            .find(|line| line.contains(request_id(&answer)) && line.contains(expected))
            .unwrap_or_else(|| panic!("{expected} is not told: {log}"));
        assert!(line.contains(&organization.id), "{line}");
    };
    told(json!({}), "result=\"missing\"").await;
    told(json!({"hmac": "0".repeat(64)}), "result=\"invalid\"").await;
    told(json!({"hmac": stale}), "result=\"verified_previous\"").await;
}

#[tokio::test]
async fn no_log_line_holds_a_secret_a_token_or_data_of_a_person() {
    let database = Database::sqlite();
    for format in ["--log-format=text", "--log-format=json"] {
        let service = Service::start_with(&database, &[format, "--log=debug"]);
        busy(&service).await;
        let private = private(&service).await;
        let log = service.settled_log().await;
        for word in private {
            assert!(!log.contains(&word), "{word} is in the log: {log}");
        }
    }
}

#[tokio::test]
async fn the_operator_chooses_the_log_level() {
    let database = Database::sqlite();
    for (level, is_logged) in [("info", true), ("warn", false)] {
        let mut service = Service::start_with(&database, &["--log", level]);
        get(&service, "/healthz").await.ok();
        service.signal("TERM");
        service.ended().await;
        assert_eq!(service.log().contains("answered"), is_logged, "{level}");
    }
}

/// Reads the text format of Prometheus, strictly: each series with its value.
fn parse_metrics(text: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    let mut helped = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(
                ["counter", "gauge", "histogram", "summary"].contains(&kind),
                "{line}"
            );
            assert_eq!(kinds.insert(name, kind), None, "{name} is declared twice");
            continue;
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, meaning) = help.split_once(' ').unwrap();
            assert!(meaning.ends_with('.'), "{line}");
            assert!(helped.insert(name), "{name} is explained twice");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let family = name.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| {
                family
                    .strip_suffix(suffix)
                    .filter(|name| kinds.contains_key(name))
            })
            .unwrap_or(family);
        assert!(kinds.contains_key(family), "{line} has no type");
        assert_eq!(
            series.insert(name.to_owned(), value.parse().unwrap()),
            None,
            "{line}"
        );
    }
    for name in kinds.keys() {
        assert!(name.starts_with("identity_hmac_"), "{name}");
        assert!(helped.contains(name), "{name} is not explained");
    }
    series
}

on_both_databases! {
    async fn metrics_show_the_version_the_connections_and_the_limits(database: Database) {
        let service = Service::start_with(&database, &["--visitor-rate=1"]);
        let visitor = service.organization().await.visitor().await;
        for status in [204, 429, 429] {
            assert_eq!(visitor.identity().await.status, status);
        }
        let _open = Wire::connect(&service).await;
        get(&service, "/readyz").await.ok();
        let answer = service.admin_get("/metrics").await;
        let series = parse_metrics(&answer.text);
        let value = |name: &str| series[&format!("identity_hmac_{name}")];
        let version = concat!(r#"build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#);
        assert!((value(version) - 1.0).abs() < f64::EPSILON);
        assert!(value(r#"connections{listener="public"}"#) >= 1.0);
        assert!(value(r#"connections{listener="admin"}"#) >= 1.0);
        assert!((value(r#"rate_limited_total{limit="visitor"}"#) - 2.0).abs() < f64::EPSILON);
        let idle = value(r#"database_connections{state="idle"}"#);
        let busy = value(r#"database_connections{state="busy"}"#);
        assert!(idle + busy >= 1.0 && idle + busy <= value("database_connections_max"));
        for begun in ["connections_refused_total", "log_lines_dropped_total", "verification_stats_lost_total", "database_waiting"] {
            assert!(value(begun).abs() < f64::EPSILON, "{begun}");
        }
    }
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_status_and_time_them() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    busy(&service).await;
    let answer = service.admin_get("/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
    let series = parse_metrics(answer.body.as_str().unwrap());
    for (route, method, status, count) in [
        ("/v1/admin/organizations", "POST", 201, 1),
        ("/v1/admin/organizations/{id}", "PATCH", 200, 1),
        ("/v1/visitors", "POST", 201, 1),
        ("/v1/identify", "POST", 200, 1),
        ("/v1/identify", "POST", 403, 2),
        ("/v1/identify", "POST", 422, 1),
        ("/v1/identify", "GET", 405, 1),
        ("/v1/identity", "GET", 200, 1),
        ("/v1/identity", "GET", 401, 1),
        ("unmatched", "GET", 404, 1),
    ] {
        let name = format!(
            r#"identity_hmac_http_requests_total{{route="{route}",method="{method}",status="{status}"}}"#
        );
        assert_eq!(
            series.get(&name),
            Some(&f64::from(count)),
            "{name}: {series:#?}"
        );
    }
    let of_identify = r#"{route="/v1/identify",method="POST"}"#;
    let timed = format!("identity_hmac_http_request_duration_seconds_count{of_identify}");
    assert_eq!(series.get(&timed), Some(&4.0));
    assert!(series[&format!("identity_hmac_http_request_duration_seconds_sum{of_identify}")] > 0.0);
    let buckets: Vec<_> = series
        .iter()
        .filter(|(name, _)| {
            name.starts_with(
                r#"identity_hmac_http_request_duration_seconds_bucket{route="/v1/identify",method="POST""#,
            )
        })
        .collect();
    assert!(buckets.len() > 5, "{series:#?}");
    for (result, count) in [
        ("verified_current", 1.0),
        ("missing", 1.0),
        ("invalid", 1.0),
    ] {
        let name = format!(r#"identity_hmac_identify_total{{mode="required",result="{result}"}}"#);
        assert_eq!(series.get(&name), Some(&count), "{series:#?}");
    }
}

#[tokio::test]
async fn nothing_that_a_client_makes_up_becomes_a_metric() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    for (method, path) in [
        ("CANARY", "/healthz"),
        ("GET", "/canary"),
        ("CANARY", "/v1/identify?canary"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Answer::to(http().request(method, format!("{}{path}", service.url))).await;
    }
    let metrics = service.admin_get("/metrics").await;
    let text = metrics.body.as_str().unwrap();
    assert!(text.contains(r#"method="other""#), "{text}");
    assert!(!text.to_lowercase().contains("canary"), "{text}");
}

#[tokio::test]
async fn health_and_readiness_need_no_token() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&service, path).await.ok(), json!({"status": "ok"}));
    }
}

#[tokio::test]
async fn the_head_of_a_page_is_its_page_without_the_body() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let answer = Answer::to(http().head(format!("{}/healthz", service.url))).await;
    assert_eq!((answer.status, answer.body), (200, Value::Null));
}

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// The operations of a path, by method.
fn operations(path: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let members = path.as_object().unwrap().iter();
    members.filter(|(name, _)| *name != "servers")
}

async fn openapi(service: &Service) -> Value {
    service.admin_get("/openapi.json").await.ok()
}

#[tokio::test]
async fn the_openapi_document_has_every_route_and_what_it_takes_and_gives() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = openapi(&service).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations(methods) {
            routes.insert(format!("{} {path}", method.to_uppercase()));
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{path}");
            assert!(operation["operationId"].is_string(), "{path}");
        }
    }
    let expected = [
        "DELETE /v1/admin/organizations/{id}",
        "DELETE /v1/admin/organizations/{id}/identities",
        "DELETE /v1/admin/organizations/{id}/api-keys/{keyId}",
        "DELETE /v1/admin/organizations/{id}/identities/{identityId}",
        "DELETE /v1/admin/organizations/{id}/previous-secret",
        "DELETE /v1/admin/organizations/{id}/token-keys/{kid}",
        "GET /healthz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /readyz",
        "GET /v1/admin/audit",
        "GET /v1/admin/organizations",
        "GET /v1/admin/organizations/{id}",
        "GET /v1/admin/organizations/{id}/api-keys",
        "GET /v1/admin/organizations/{id}/identities",
        "GET /v1/admin/organizations/{id}/identities/export",
        "GET /v1/admin/organizations/{id}/token-keys",
        "GET /v1/admin/organizations/{id}/verification-stats",
        "GET /v1/identity",
        "GET /v1/server/identities",
        "GET /v1/server/visitors/{visitorId}/identity",
        "PATCH /v1/admin/organizations/{id}",
        "POST /v1/admin/organizations",
        "POST /v1/admin/organizations/{id}/api-keys",
        "POST /v1/admin/organizations/{id}/revoke-visitor-tokens",
        "POST /v1/admin/organizations/{id}/rotate-secret",
        "POST /v1/admin/organizations/{id}/token-keys",
        "POST /v1/identify",
        "POST /v1/server/visitors/{visitorId}/identity",
        "POST /v1/visitors",
    ];
    assert_eq!(routes, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn the_openapi_document_refers_to_nothing_that_it_does_not_hold() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = openapi(&service).await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schemes = &document["components"]["securitySchemes"];
    let mut ids = BTreeSet::new();
    for path in document["paths"].as_object().unwrap().values() {
        for (_, operation) in operations(path) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is there twice");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let description = response["description"].as_str();
                assert!(
                    description.is_some_and(|text| !text.is_empty()),
                    "{id} {status}"
                );
            }
            for scheme in operation["security"].as_array().into_iter().flatten() {
                let name = scheme.as_object().unwrap().keys().next().unwrap();
                assert_eq!(schemes[name]["scheme"], "bearer", "{name}");
            }
        }
    }
}

#[tokio::test]
async fn the_openapi_document_describes_the_answers_as_they_are() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = openapi(&service).await;
    let schema = |name: &str| document["components"]["schemas"][name]["properties"].clone();
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };

    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let identity = visitor.identify(json!({"name": "Jane"})).await.ok();
    assert_eq!(keys(&schema("IdentityResult")), keys(&identity));
    let problem = visitor.identify(json!({"name": 7})).await.body;
    // Some members are of tokens alone.
    let of_tokens = ["reason", "serverTime", "exp", "iat", "nbf"].map(ToOwned::to_owned);
    let mut members = keys(&problem);
    members.extend(of_tokens);
    assert_eq!(keys(&schema("Problem")), members);
    let path = format!("/{}", organization.id);
    let shown = Answer::to(organization.admin(Method::GET, &path))
        .await
        .ok();
    let parts = &document["components"]["schemas"]["Organization"]["allOf"];
    assert_eq!(
        parts[0],
        json!({"$ref": "#/components/schemas/Policy", "description": parts[0]["description"]})
    );
    let mut members = keys(&parts[1]["properties"]);
    members.append(&mut keys(&schema("Policy")));
    assert_eq!(members, keys(&shown));
    for (name, members) in [
        (
            "IdentifyParams",
            &["email", "externalId", "hmac", "metadata", "name", "token"][..],
        ),
        (
            "BackendIdentifyParams",
            &["email", "externalId", "metadata", "name"],
        ),
        (
            "NewOrganization",
            &[
                "acceptedProofs",
                "allowedOrigins",
                "identitySession",
                "maxTokenLifetime",
                "name",
                "tokensValidAfter",
                "unsignedAttributes",
                "verification",
            ],
        ),
        (
            "OrganizationChanges",
            &[
                "acceptedProofs",
                "allowedOrigins",
                "identitySession",
                "maxTokenLifetime",
                "name",
                "suspended",
                "tokensValidAfter",
                "unsignedAttributes",
                "verification",
            ],
        ),
        ("NewVisitor", &["visitorId", "visitorToken"]),
    ] {
        let members = members.iter().map(ToString::to_string).collect();
        assert_eq!(keys(&schema(name)), members, "{name}");
    }
}

#[tokio::test]
async fn the_openapi_document_declares_every_status_that_was_answered() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let answers = busy(&service).await;
    let document = openapi(&service).await;
    let declares = |method: &str, path: &str, status: u16| {
        !document["paths"][path][method]["responses"][status.to_string()].is_null()
    };
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 403, 403, 422, 200, 401, 404, 405]);
    for status in [200, 401, 403, 408, 413, 415, 422, 429, 503] {
        assert!(declares("post", "/v1/identify", status), "{status}");
    }
    for status in [200, 204, 401, 403, 429, 503] {
        assert!(declares("get", "/v1/identity", status), "{status}");
    }
    for status in [201, 401, 413, 415, 422, 429, 503] {
        assert!(
            declares("post", "/v1/admin/organizations", status),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_leaves_no_error_in_the_log() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let mut wire = Wire::connect(&service).await;
    wire.send("POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        .await;
    drop(wire);
    get(&service, "/healthz").await.ok();
    let log = service.settled_log().await;
    assert!(!log.contains("ERROR"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_chooses_how_much_of_an_address_is_logged() {
    let database = Database::sqlite();
    for (how_much, client, peer) in [
        ("full", "client=203.0.113.77", "address=127.0.0.1"),
        ("network", "client=203.0.113.0/24", "address=127.0.0.0/24"),
        ("off", "", ""),
    ] {
        let how_much = format!("--log-client-address={how_much}");
        let proxied = ["--trusted-proxy=127.0.0.1", how_much.as_str()];
        let service = Service::start_with(&database, &proxied);
        for path in ["/healthz", "/v1/identity", "/nope"] {
            let call = http().get(format!("{}{path}", service.url));
            Answer::to(call.header("x-forwarded-for", "203.0.113.77")).await;
        }
        let log = service.settled_log().await;
        let lines = log.lines().filter(|line| line.contains("203.0.113."));
        let expected = if client.is_empty() { 0 } else { 3 };
        assert_eq!(lines.count(), expected, "{log}");
        assert!(log.matches(client).count() >= expected, "{log}");

        let crowded = ["--max-connections-per-address=1", how_much.as_str()];
        let service = Service::start_with(&database, &crowded);
        let silent = Wire::connect(&service).await;
        let mut refused = Wire::connect(&service).await;
        assert_eq!(refused.rest().await, "");
        drop(silent);
        let log = loop {
            let log = service.log();
            if log.contains("a connection was closed") {
                break log;
            }
            sleep(Duration::from_millis(10)).await;
        };
        assert!(log.contains(peer), "{log}");
        assert_eq!(log.contains("127.0.0."), !peer.is_empty(), "{log}");
    }
}

//! Bodies that are meant to break their reader.

use serde_json::json;

use super::random;
use crate::harness::{Answer, Database, Service, kept, on_both_databases, times};

const VALID: &str = r#"{"name": "Jané \u00e9\ud83d\ude00", "email": "jane@example.com",
    "externalId": "user_123", "hmac": null,
    "metadata": {"plan": "premium", "n": [1, -2.5e3, true, null, {"a": {"b": "c"}}]}}"#;

/// A body with a few bytes changed, moved, doubled or gone, or nothing but random bytes.
fn mutated(random: &mut fastrand::Rng) -> Vec<u8> {
    if random.u8(0..10) == 0 {
        return (0..random.usize(0..2_000)).map(|_| random.u8(..)).collect();
    }
    let mut body = VALID.as_bytes().to_vec();
    for _ in 0..random.usize(1..6) {
        let place = random.usize(0..body.len());
        match random.u8(0..5) {
            0 => body[place] = random.u8(..),
            1 => body[place] = *random.choice(br#"{}[]":,\0-eu "#).unwrap(),
            2 => body.insert(place, *random.choice(br#"{}[]":,\0-eu "#).unwrap()),
            3 => body.truncate(place.max(1)),
            _ => {
                let end = random.usize(place..body.len());
                let part = body[place..end].to_vec();
                body.splice(place..place, part);
            }
        }
    }
    body
}

on_both_databases! {
    async fn hostile_bodies_are_refused_by_name(database: Database) {
        let service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        let deep = |levels: usize| format!(r#"{{"metadata": {}1{}}}"#, r#"{"a":"#.repeat(levels), "}".repeat(levels));
        let long = "x".repeat(70_000);
        for (body, status, code, field) in [
            (format!(r#"{{"name": "{long}"}}"#), 413, "too_large", None),
            (deep(9), 422, "invalid_request", Some("metadata.a.a.a.a.a.a.a.a")),
            (format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000)), 422, "invalid_request", None),
            (r#"{"name": "a", "name": "b"}"#.to_owned(), 422, "invalid_request", Some("name")),
            (r#"{"role": "admin"}"#.to_owned(), 422, "invalid_request", Some("role")),
            (r#"{"__proto__": {"a": 1}}"#.to_owned(), 422, "invalid_request", Some("__proto__")),
            (r#"{"name": "a\u0000"}"#.to_owned(), 422, "invalid_request", Some("name")),
            (r#"{"metadata": {"a": "\u0000"}}"#.to_owned(), 422, "invalid_request", Some("metadata.a")),
            (r#"{"name": "\ud800"}"#.to_owned(), 422, "invalid_request", Some("name")),
            (r#"{"name": "\udc00\ud800"}"#.to_owned(), 422, "invalid_request", Some("name")),
        ] {
            let answer = visitor.identify_raw(body).await;
            answer.is_problem(status, code);
            if let Some(field) = field {
                assert_eq!(answer.body["field"], field, "{answer:?}");
            }
        }
        visitor.identity().await.is_no_record();
        visitor.identify_raw(deep(8)).await.ok();
    }

    async fn random_bodies_are_taken_or_refused_and_never_break_the_service(database: Database) {
        let service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        visitor.identify_raw(VALID).await.ok();
        let mut random = random();
        let client = kept();
        for _ in 0..times(500, 2_000) {
            let body = mutated(&mut random);
            let request = visitor.request().header("content-type", "application/json");
            let answer = Answer::over(&client, request.body(body.clone())).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!([200, 422].contains(&answer.status), "{body} was answered {answer:?}");
        }
        visitor.identify(json!({"name": "Jane"})).await.ok();
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_with_what_is_taken_instead() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    let call = |encodings: &[&str]| {
        let call = visitor.request().json(&json!({"name": "Jane"}));
        encodings.iter().fold(call, |call, encoding| {
            call.header("content-encoding", *encoding)
        })
    };
    for encodings in [
        &["gzip"][..],
        &["br"],
        &["identity, gzip"],
        &["identity", "gzip"],
        &["x"],
    ] {
        let answer = Answer::to(call(encodings)).await;
        answer.is_problem(415, "unsupported_media_type");
        // RFC 9110 section 15.5.16
        assert_eq!(
            answer.headers["accept-encoding"], "identity",
            "{encodings:?}"
        );
    }
    visitor.identity().await.is_no_record();
    Answer::to(call(&["identity"])).await.ok();
}

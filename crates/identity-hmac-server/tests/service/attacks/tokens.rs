//! Visitor tokens that were never handed out, and headers that are meant to be misread.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Answer, Database, Service, Wire, http, on_both_databases};

on_both_databases! {
    async fn no_cut_flipped_or_rewritten_token_speaks_for_anybody(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let other_organization = service.organization().await;
        let visitor = organization.visitor().await;
        let other = other_organization.visitor().await;
        let bytes = |token: &str| URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
        let token = |bytes: &[u8]| format!("vt_{}", URL_SAFE_NO_PAD.encode(bytes));
        let (own, others) = (bytes(&visitor.token), bytes(&other.token));
        let (ids, random) = own.split_at(32);
        let unknown = Uuid::new_v4();

        let mut forged = vec![
            // The organization's id, the visitor's, or both, are somebody else's.
            token(&[&others[..16], &own[16..]].concat()),
            token(&[&own[..16], &others[16..32], random].concat()),
            token(&[&others[..32], random].concat()),
            token(&[ids, &others[32..]].concat()),
            token(&[unknown.as_bytes(), &own[16..]].concat()),
            token(&[&own[16..32], &own[..16], random].concat()),
            token(&[ids, &[0; 32]].concat()),
            token(ids),
            token(&[&own[..], &[0]].concat()),
            // The same bytes, written in another way.
            format!("vt_{}", URL_SAFE.encode(&own)),
            format!("vt_{}", hex::encode(&own)),
            format!("VT_{}", &visitor.token[3..]),
            visitor.token[3..].to_owned(),
            format!("{0},{0}", visitor.token),
            format!("{0} {0}", visitor.token),
            format!("{}%20", visitor.token),
            format!("vt_{}", visitor.token),
            organization.secret.clone(),
            organization.key.clone(),
            service.admin_token.clone(),
            String::new(),
        ];
        let standard = format!("vt_{}", STANDARD.encode(&own));
        forged.extend((standard != visitor.token).then_some(standard));
        forged.extend((0..visitor.token.len()).map(|len| visitor.token[..len].to_owned()));
        for bit in 0..own.len() * 8 {
            let mut flipped = own.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            forged.push(token(&flipped));
        }
        for token in forged {
            let mallory = visitor.with_token(token);
            let answer = mallory.identify(json!({"name": "Mallory"})).await;
            answer.is_problem(401, "invalid_visitor_token");
            // Nor does it learn what is wrong with its body.
            let answer = mallory.identify_raw("{").await;
            answer.is_problem(401, "invalid_visitor_token");
        }
        visitor.identity().await.is_no_record();
        other.identity().await.is_no_record();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authorization_header_is_read_in_one_way_or_refused() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();
    let token = &visitor.token;
    let ask = |headers: Vec<u8>| {
        let head = b"GET /v1/identity HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
        Wire::exchange(&service, [&head[..], &headers, b"\r\n"].concat())
    };
    let long = "a".repeat(20_000);
    let refused = [
        String::new(),
        format!("authorization: Bearer {token}\u{e9}\r\n"),
        format!("authorization: Basic {token}\r\n"),
        format!("authorization: {token}\r\n"),
        format!("authorization: Bearer{token}\r\n"),
        format!("authorization: Bearer={token}\r\n"),
        format!("authorization: Bearer Bearer {token}\r\n"),
        format!("authorization: Bearer {long}\r\n"),
        format!("authorization: Bearer x\r\nauthorization: Bearer {token}\r\n"),
        format!("authorization: Bearer {token}\r\nauthorization: Bearer x\r\n"),
        format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n"),
        format!("proxy-authorization: Bearer {token}\r\n"),
        format!("cookie: authorization=Bearer {token}\r\n"),
    ];
    let mut refused = refused.map(String::into_bytes).to_vec();
    refused.push([b"authorization: Bearer \xff\xfe", token.as_bytes(), b"\r\n"].concat());
    for headers in refused {
        let answer = ask(headers).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(!answer.contains("Jane"));
    }
    // The scheme has no case (RFC 9110 section 11.1).
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = ask(format!("authorization: {scheme} {token}\r\n").into_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_stands_twice_is_refused_and_not_read_in_one_of_two_ways() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let other = service.organization().await;
    let visitor = organization.visitor().await;
    let (key, token) = (&organization.key, &visitor.token);
    let post = async |path: &str, headers: &str| {
        let head = "host: x\r\nconnection: close\r\ncontent-length: 2\r\n";
        let request = format!("POST /v1/{path} HTTP/1.1\r\n{head}{headers}\r\n{{}}");
        Wire::exchange(&service, request).await[9..12].to_owned()
    };
    let json = "content-type: application/json\r\n";
    let bearer = format!("authorization: Bearer {token}\r\n");
    let organization = format!("x-organization-key: {key}\r\n");
    let origin = "origin: https://shop.example\r\n";
    for (path, headers, status) in [
        ("visitors", organization.clone(), "201"),
        ("visitors", organization.repeat(2), "401"),
        (
            "visitors",
            format!("{organization}x-organization-key: {}\r\n", other.key),
            "401",
        ),
        ("visitors", format!("{organization}{origin}"), "201"),
        ("visitors", format!("{organization}{origin}{origin}"), "403"),
        (
            "visitors",
            format!("{organization}{origin}origin: https://evil.example\r\n"),
            "403",
        ),
        ("identify", format!("{bearer}{json}"), "200"),
        ("identify", format!("{bearer}{json}{json}"), "415"),
        (
            "identify",
            format!("{bearer}{json}content-type: text/plain\r\n"),
            "415",
        ),
        ("identify", format!("{bearer}{json}{origin}"), "200"),
        (
            "identify",
            format!("{bearer}{json}{origin}origin: null\r\n"),
            "403",
        ),
    ] {
        assert_eq!(post(path, &headers).await, status, "{path} {headers}");
    }
}

#[tokio::test]
async fn every_401_says_how_to_authenticate() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    let url = |path: &str| format!("{}/v1/{path}", service.url);
    let admin = format!("{}/v1/admin/organizations", service.admin_url);
    for (call, challenge) in [
        (http().post(url("visitors")), "X-Organization-Key"),
        (http().post(url("identify")).json(&json!({})), "Bearer"),
        (visitor.with_token("vt_x").identity_request(), "Bearer"),
        (http().get(&admin), "Bearer"),
        (http().get(&admin).bearer_auth("x"), "Bearer"),
    ] {
        let answer = Answer::to(call).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        // RFC 9110 section 11.6.1
        assert_eq!(answer.headers["www-authenticate"], challenge, "{answer:?}");
    }
}

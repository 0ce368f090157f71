//! How often one may call: by address, which only a trusted proxy can tell, by visitor, and by
//! organization for its backends. How many visitors an organization gets.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::json;

use crate::harness::{Answer, Database, Service, http};

/// The seconds that a refused caller is asked to wait.
#[track_caller]
fn wait(answer: &Answer) -> u64 {
    answer.is_problem(429, "rate_limited");
    let seconds = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains(&format!("{seconds} s"))
    );
    seconds
}

/// Asks for the visitor's record with a token that is nobody's, as if through a proxy.
fn forwarded(service: &Service, forwarded_for: &str) -> RequestBuilder {
    http()
        .get(format!("{}/v1/identity", service.url))
        .header("x-forwarded-for", forwarded_for)
}

#[tokio::test]
async fn an_address_that_calls_too_often_learns_when_to_come_back_and_is_served_then() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--address-rate=60", "--visitor-rate=0"]);
    let visitor = service.organization().await.visitor().await;
    let mut answer = visitor.identity().await;
    for _ in 0..600 {
        if answer.status == 429 {
            break;
        }
        answer.is_no_record();
        answer = visitor.identity().await;
    }
    let seconds = wait(&answer);
    assert_eq!(seconds, 1, "one call a second is allowed");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    visitor.identity().await.is_no_record();
}

#[tokio::test]
async fn the_admin_is_limited_by_address_and_monitors_are_not() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--address-rate=2"]);
    let organizations = || http().get(format!("{}/v1/admin/organizations", service.admin_url));
    for _ in 0..2 {
        Answer::to(organizations().bearer_auth("a guess"))
            .await
            .is_problem(401, "invalid_admin_token");
    }
    wait(&Answer::to(organizations().bearer_auth(&service.admin_token)).await);
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        for _ in 0..5 {
            Answer::to(http().get(format!("{}{path}", service.admin_url)))
                .await
                .ok();
        }
    }
}

#[tokio::test]
async fn a_forwarded_address_is_nothing_without_a_trusted_proxy() {
    let database = Database::sqlite();
    let args = ["--address-rate=2", "--trusted-proxy=10.0.0.0/8"];
    let service = Service::start_with(&database, &args);
    for client in ["198.51.100.1", "198.51.100.2"] {
        Answer::to(forwarded(&service, client))
            .await
            .is_problem(401, "invalid_visitor_token");
    }
    wait(&Answer::to(forwarded(&service, "198.51.100.3")).await);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_a_rate_of_its_own_that_it_cannot_forge() {
    let database = Database::sqlite();
    let args = ["--address-rate=2", "--trusted-proxy=127.0.0.1,10.0.0.0/8"];
    let service = Service::start_with(&database, &args);
    for client in ["198.51.100.1", "198.51.100.2", "2001:db8::1"] {
        for forged in ["", "203.0.113.1, ", "203.0.113.2, "] {
            let answer =
                Answer::to(forwarded(&service, &format!("{forged}{client}, 10.0.0.1"))).await;
            match forged {
                "203.0.113.2, " => _ = wait(&answer),
                _ => answer.is_problem(401, "invalid_visitor_token"),
            }
        }
    }
    // Another address of the same IPv6 client.
    wait(&Answer::to(forwarded(&service, "2001:db8::ffff")).await);
    Answer::to(forwarded(&service, "2001:db8:0:1::1"))
        .await
        .is_problem(401, "invalid_visitor_token");
    let log = service.settled_log().await;
    assert!(log.contains("client=198.51.100.1"), "{log}");
}

#[tokio::test]
async fn a_visitor_has_a_rate_of_its_own_wherever_it_calls_from() {
    let database = Database::sqlite();
    let args = ["--visitor-rate=3", "--trusted-proxy=127.0.0.1"];
    let service = Service::start_with(&database, &args);
    let organization = service.organization().await;
    let (busy, other) = (organization.visitor().await, organization.visitor().await);
    for call in 0..3 {
        let from = format!("198.51.100.{call}");
        let request = busy.request().header("x-forwarded-for", from);
        Answer::to(request.json(&json!({"name": "Jane"})))
            .await
            .ok();
    }
    wait(&busy.identity().await);
    other.identify(json!({"name": "Joe"})).await.ok();
}

#[tokio::test]
async fn a_visitors_id_is_not_enough_to_use_up_its_rate() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--visitor-rate=3"]);
    let visitor = service.organization().await.visitor().await;
    // The ids stand at the token's beginning, the proof at its end.
    let (known, proof) = visitor.token.split_at(visitor.token.len() - 8);
    assert_ne!(proof, "AAAAAAAA");
    let forger = visitor.with_token(format!("{known}AAAAAAAA"));
    for _ in 0..3 {
        forger
            .identity()
            .await
            .is_problem(401, "invalid_visitor_token");
    }
    wait(&forger.identity().await);
    visitor.identity().await.is_no_record();
}

#[tokio::test]
async fn an_organization_gets_so_many_visitors_a_minute_and_no_other_is_limited_by_it() {
    let database = Database::sqlite();
    let args = ["--address-rate=0", "--organization-visitor-rate=3"];
    let service = Service::start_with(&database, &args);
    let [busy, other] = [service.organization().await, service.organization().await];
    busy.update(json!({"allowedOrigins": ["https://shop.example"]}))
        .await
        .ok();
    let new_visitor = |key: &str| {
        http()
            .post(format!("{}/v1/visitors", service.url))
            .header("x-organization-key", key)
    };
    // Pages of other sites use nothing up.
    for _ in 0..5 {
        let page = new_visitor(&busy.key).header("origin", "https://other.example");
        Answer::to(page).await.is_problem(403, "origin_not_allowed");
    }
    let visitor = busy.visitor().await;
    for _ in 0..2 {
        busy.visitor().await;
    }
    let page = new_visitor(&busy.key).header("origin", "https://shop.example");
    wait(&Answer::to(page).await);
    // Those that there are go on, and so do other organizations.
    visitor.identify(json!({"name": "Jane"})).await.ok();
    for _ in 0..3 {
        other.visitor().await;
    }
    wait(&Answer::to(new_visitor(&other.key)).await);
}

#[tokio::test]
async fn the_backends_of_an_organization_share_a_rate_that_no_stranger_uses_up() {
    let database = Database::sqlite();
    let args = ["--address-rate=0", "--server-rate=3"];
    let service = Service::start_with(&database, &args);
    let [busy, other] = [service.organization().await, service.organization().await];
    let [one, two] = [busy.backend().await, busy.backend().await];
    let visitor = busy.visitor().await;
    // Somebody who knows the organization and the key's id, but not the key.
    let stranger = one.with_key(format!("{}{}", &one.key[..44], "0".repeat(56)));
    for _ in 0..5 {
        let answer = stranger.identity(&visitor).await;
        answer.is_problem(401, "invalid_api_key");
    }
    one.identity(&visitor).await.is_no_record();
    two.identify(&visitor, json!({"name": "Jane"})).await.ok();
    one.identities("").await.ok();
    wait(&one.identity(&visitor).await);
    wait(&two.identify(&visitor, json!({"name": "Joan"})).await);
    // Pages and other organizations are served.
    assert_eq!(visitor.identity().await.ok()["name"], "Jane");
    other.backend().await.identities("").await.ok();
}

#[tokio::test]
async fn no_limit_is_0() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--address-rate=0", "--visitor-rate=0"]);
    let visitor = service.organization().await.visitor().await;
    for _ in 0..300 {
        visitor.identity().await.is_no_record();
    }
}

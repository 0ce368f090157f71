//! Visitors who called a short time ago: their next call reads nothing first, and still counts only by what
//! is so now.

use std::process::Output;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{
    Answer, Database, Organization, Proxy, Service, Session, Visitor, command, on_both_databases,
    without_postgres,
};

/// An organization's visitor whom the service remembers.
async fn remembered(service: &Service) -> (Organization, Visitor) {
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    for name in ["Joe", "Jane"] {
        visitor.identify(json!({"name": name})).await.ok();
    }
    (organization, visitor)
}

/// The names in the organization's records.
async fn names(organization: &Organization) -> Vec<Value> {
    let path = format!("/{}/identities", organization.id);
    let listed = Answer::to(organization.admin(Method::GET, &path))
        .await
        .ok();
    let records = listed["identities"].as_array().unwrap();
    records
        .iter()
        .map(|record| record["name"].clone())
        .collect()
}

/// Does to an organization what no call of its visitors tells.
async fn done(organization: &Organization, method: Method, path: &str) {
    let path = format!("/{}{path}", organization.id);
    Answer::to(organization.admin(method, &path)).await.ok();
}

fn erased(database: &Database, organization: &Organization) -> Output {
    let erase = [
        "identity",
        "delete",
        "--external-id=user_1",
        &organization.id,
    ];
    command(database).args(erase).output().unwrap()
}

on_both_databases! {
    async fn what_an_operator_sets_counts_for_the_next_call(database: Database) {
        let service = Service::start(&database);
        for (changes, code) in [
            (json!({"verification": "required"}), "hmac_required"),
            (json!({"suspended": true}), "organization_suspended"),
            (json!({"allowedOrigins": ["https://shop.example"]}), "origin_not_allowed"),
            (json!({"unsignedAttributes": "reject"}), "unsigned_attributes"),
        ] {
            let (organization, visitor) = remembered(&service).await;
            organization.update(changes).await.ok();
            let request = visitor.request().header("origin", "https://evil.example");
            let answer = Answer::to(request.json(&json!({"name": "Eve"}))).await;
            answer.is_problem(403, code);
            assert_eq!(names(&organization).await, ["Jane"]);
        }
    }

    async fn a_proof_that_is_no_longer_taken_lets_no_next_call_in(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let (visitor, other) = (organization.visitor().await, organization.visitor().await);
        let hmacs = [organization.sign(&visitor), organization.sign(&other)];
        let call = async |name| visitor.identify(json!({"name": name, "hmac": hmacs[0]})).await;
        let call_of_other = async || other.identify(json!({"name": "Joe", "hmac": hmacs[1]})).await;
        call("Jane").await.ok();
        call_of_other().await.ok();
        organization.rotate_secret().await;
        assert_eq!(call("Janet").await.ok()["name"], "Janet");
        organization.retire_previous_secret().await;
        call("Eve").await.is_problem(403, "hmac_verification_failed");
        // It did not call while there were two secrets.
        call_of_other().await.is_problem(403, "hmac_verification_failed");

        let hmac = organization.sign(&visitor);
        let call = async |name| visitor.identify(json!({"name": name, "hmac": hmac})).await;
        call("Janet").await.ok();
        organization.make_token_key().await.ok();
        organization.update(json!({"acceptedProofs": ["token"]})).await.ok();
        call("Eve").await.is_problem(403, "proof_not_accepted");
        assert_eq!(names(&organization).await, ["Janet", "Joe"]);
    }

    async fn a_refused_call_is_taken_once_the_operator_allows_it(database: Database) {
        let service = Service::start(&database);
        let (organization, visitor) = remembered(&service).await;
        organization.verification("required").await;
        let hmac = organization.sign(&visitor);
        visitor.identify(json!({"name": "Jane", "hmac": hmac})).await.ok();
        let unsigned = json!({"name": "Joe"});
        visitor.identify(unsigned.clone()).await.is_problem(403, "hmac_required");
        organization.verification("observe").await;
        assert_eq!(visitor.identify(unsigned).await.ok()["hmacVerified"], false);
    }

    async fn a_token_of_a_remembered_visitor_ends_with_it(database: Database) {
        let service = Service::start(&database);
        let (organization, visitor) = remembered(&service).await;
        done(&organization, Method::POST, "/revoke-visitor-tokens").await;
        let eve = json!({"name": "Eve", "externalId": "user_1"});
        visitor.identify(eve.clone()).await.is_problem(401, "invalid_visitor_token");
        assert_eq!(names(&organization).await, ["Jane"]);

        let (organization, visitor) = remembered(&service).await;
        visitor.identify(json!({"externalId": "user_1"})).await.ok();
        // By another process, which the service knows nothing of.
        let output = erased(&database, &organization);
        assert!(output.status.success(), "{output:?}");
        visitor.identify(eve.clone()).await.is_problem(401, "invalid_visitor_token");
        assert_eq!(names(&organization).await, [Value::Null; 0]);

        let (organization, visitor) = remembered(&service).await;
        done(&organization, Method::DELETE, "").await;
        visitor.identify(eve).await.is_problem(401, "invalid_visitor_token");
    }

    async fn a_remembered_visitor_who_was_verified_meanwhile_is_shown_as_that_person(
        database: Database
    ) {
        let service = Service::start(&database);
        let (organization, visitor) = remembered(&service).await;
        let (pinned, unchanged) = (organization.visitor().await, organization.visitor().await);
        unchanged.identify(json!({"name": "Joe"})).await.ok();
        let jane = json!({"externalId": "user_1", "name": "Jane Doe"});
        let backend = organization.backend().await;
        for visitor in [&visitor, &pinned] {
            backend.identify(visitor, jane.clone()).await.ok();
        }
        // No call pins a visitor and leaves its record as it is: the pin has to be enough by itself.
        let like_the_other = "UPDATE visitors SET person = 'user_1',
            verified_at = (SELECT max(verified_at) FROM visitors),
            verified_until = (SELECT max(verified_until) FROM visitors)";
        Session::open(&database).await.execute(like_the_other).await;
        for visitor in [&visitor, &visitor, &unchanged] {
            let answer = visitor.identify(json!({"name": "Eve"})).await.ok();
            assert_eq!(answer["name"], "Jane Doe");
            assert_eq!(answer["ignored"][0]["attribute"], "name");
        }
    }

    async fn a_remembered_record_is_merged_into_what_another_process_has_written(
        database: Database
    ) {
        let one = Service::start(&database);
        let other = Service::start(&database);
        let (_, visitor) = remembered(&one).await;
        let elsewhere = visitor.at(&other);
        let mut expected = json!({});
        for call in 0..6 {
            let caller = [&visitor, &elsewhere][call % 2];
            let key = format!("call{call}");
            expected[&key] = json!({"n": call});
            let params = json!({"metadata": {&key: {"n": call}}});
            for _ in 0..2 {
                assert_eq!(caller.identify(params.clone()).await.ok()["metadata"], expected);
            }
        }
        let told = elsewhere.identity().await.ok();
        assert_eq!((&told["metadata"], &told["name"]), (&expected, &json!("Jane")));
    }
}

/// The fewest exchanges with PostgreSQL that one of a few calls takes, each after a time without one: the
/// service does other work now and then.
async fn exchanges(proxy: &Proxy, unused: Duration, call: impl AsyncFn(usize)) -> usize {
    let mut fewest = usize::MAX;
    for place in 0..5 {
        sleep(unused).await;
        let before = proxy.exchanges();
        call(place).await;
        fewest = fewest.min(proxy.exchanges() - before);
    }
    fewest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_is_two_exchanges_with_postgresql_or_one_if_the_visitor_is_remembered() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let proxy = Proxy::to(&database).await;
    let behind = database.by(proxy.url(&database));
    let options = ["--visitor-rate=0", "--database-connections=1"];
    let service = Service::start_with(&behind, &options);
    let direct = Service::start_with(&database, &options);
    let organization = service.organization().await;
    // Statements are prepared once.
    let first = organization.visitor().await;
    let params = || json!({"name": "Jane", "metadata": {"call": fastrand::u32(..)}});
    for _ in 0..2 {
        first.identify(params()).await.ok();
        first.identity().await.ok();
    }
    let read = async |_| drop(first.identity().await.ok());
    // Also after a while, when a connection may be dead.
    for unused in [Duration::ZERO, Duration::from_millis(1_100)] {
        let mut visitors = Vec::new();
        for _ in 0..5 {
            let visitor = organization.visitor().await;
            visitor.at(&direct).identify(params()).await.ok();
            visitors.push(visitor);
        }
        let update = async |place: usize| drop(visitors[place].identify(params()).await.ok());
        assert_eq!(exchanges(&proxy, unused, update).await, 2, "{unused:?}");
        if unused.is_zero() {
            assert_eq!(exchanges(&proxy, unused, update).await, 1);
        }
        assert_eq!(exchanges(&proxy, unused, read).await, 1, "{unused:?}");
    }
}

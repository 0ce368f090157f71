//! What an organization's backends call: who a visitor is, read and said, looked up and followed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::sleep;

use crate::harness::{
    Answer, Backend, Database, Organization, Service, Session, Visitor, http, on_both_databases,
    without_postgres,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";
/// How long a change is held back from those who follow.
const HELD_BACK: Duration = Duration::from_secs(10);
/// How long anything may take that has no reason to take long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The records in an answer.
fn records(answer: &Value) -> Vec<Value> {
    answer["identities"].as_array().unwrap().clone()
}

fn names(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["name"].as_str().unwrap())
        .collect()
}

fn updated_at(record: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(record["updatedAt"].as_str().unwrap(), &Rfc3339).unwrap()
}

/// Somebody who follows the changes.
struct Follower {
    backend: Backend,
    cursor: String,
    seen: Vec<Value>,
}

impl Follower {
    fn new(backend: &Backend) -> Self {
        Self {
            backend: backend.clone(),
            cursor: String::new(),
            seen: Vec::new(),
        }
    }

    /// Takes one part.
    async fn take(&mut self) {
        let query = format!("?limit=3{}", self.cursor);
        let part = self.backend.identities(&query).await.ok();
        for record in records(&part) {
            let age = OffsetDateTime::now_utc() - updated_at(&record);
            assert!(age >= HELD_BACK, "{record} is {age} old");
            self.seen.push(record);
        }
        match &part["nextCursor"] {
            Value::Null => assert!(self.seen.is_empty()),
            cursor => self.cursor = format!("&cursor={}", cursor.as_str().unwrap()),
        }
    }

    /// Follows until so many changes have come.
    async fn until(&mut self, changes: usize) {
        let start = Instant::now();
        while self.seen.len() < changes {
            assert!(start.elapsed() < PATIENCE, "{:?}", self.seen);
            self.take().await;
            sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn visitor_named(organization: &Organization, name: &str) -> Visitor {
    let visitor = organization.visitor().await;
    visitor.identify(json!({"name": name})).await.ok();
    visitor
}

on_both_databases! {
    async fn a_backend_says_who_a_visitor_is_in_every_verification_mode(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let backend = organization.backend().await;
        for mode in ["off", "observe", "required"] {
            organization.verification(mode).await;
            let visitor = organization.visitor().await;
            backend.identity(&visitor).await.is_no_record();
            let told = json!({"name": "Jane", "email": "jane@example.com", "externalId": format!("user_{mode}"),
                "metadata": {"plan": "pro", "seats": 3}});
            let said = backend.identify(&visitor, told.clone()).await.ok();
            let at = &said["updatedAt"];
            assert_eq!(said, json!({
                "id": said["id"], "anonymousUserId": visitor.id, "externalId": told["externalId"],
                "email": "jane@example.com", "name": "Jane", "metadata": told["metadata"],
                "hmacVerified": false, "vouchedBy": "backend", "createdAt": at, "updatedAt": at,
                "personId": said["person"]["id"],
                "verification": {"method": "backend", "keyId": null, "verifiedAt": at,
                    "verifiedUntil": said["verification"]["verifiedUntil"]},
                "verifiedAttributes":
                    ["externalId", "name", "email", "metadata.plan", "metadata.seats"],
                "person": {"id": said["personId"], "externalId": told["externalId"], "createdAt": at,
                    "email": "jane@example.com", "name": "Jane", "metadata": told["metadata"],
                    "verifiedAt": at},
                "ignored": [],
            }));
            assert_eq!(backend.identity(&visitor).await.ok(), said);
            // The page reads the same record, in the shape that it knows.
            let read = visitor.identity().await.ok();
            for (member, value) in read.as_object().unwrap() {
                assert_eq!(value, &said[member], "{member}");
            }
            assert_eq!(read.get("vouchedBy"), None);
            // The same merge: absent stays, null clears, metadata by key.
            let patch = json!({"email": null, "externalId": told["externalId"],
                "metadata": {"seats": null, "since": 2020}});
            let merged = backend.identify(&visitor, patch).await.ok();
            assert_eq!(merged["metadata"], json!({"plan": "pro", "since": 2020}));
            assert_eq!((&merged["email"], &merged["name"]), (&json!(null), &json!("Jane")));
            assert_eq!(merged["id"], said["id"]);
        }
    }

    async fn vouched_by_describes_the_last_call_alone(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let backend = organization.backend().await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        let mut vouched_by = Vec::new();
        for call in ["page", "backend", "page", "signed", "backend", "signed", "page"] {
            match call {
                "backend" => drop(backend.identify(&visitor, json!({"name": "B"})).await.ok()),
                "signed" => drop(visitor.identify(json!({"name": "S", "hmac": hmac})).await.ok()),
                _ => drop(visitor.identify(json!({"name": "P"})).await.ok()),
            }
            vouched_by.push(backend.identity(&visitor).await.ok()["vouchedBy"].clone());
        }
        let expected = json!([null, "backend", null, "hmac", "backend", "hmac", null]);
        assert_eq!(json!(vouched_by), expected);
        // The program before knows nothing of backends, and leaves their column as it is.
        backend.identify(&visitor, json!({"name": "B"})).await.ok();
        let later = if database.is_postgres() { "now()" } else { "'2100-01-01T00:00:00.000001Z'" };
        let sql = format!("UPDATE identities SET hmac_verified = FALSE, updated_at = {later}");
        Session::open(&database).await.execute(&sql).await;
        assert_eq!(backend.identity(&visitor).await.ok()["vouchedBy"], json!(null));
    }

    async fn a_backends_call_takes_what_identify_takes_but_no_hmac(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let backend = organization.backend().await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        for (body, field) in [
            (json!({"hmac": hmac}), "hmac"),
            (json!({"name": "Jane", "hmac": null}), "hmac"),
            (json!({"name": "Jane", "token": "x"}), "token"),
            (json!({"name": " "}), "name"),
            (json!({"name": "é".repeat(257)}), "name"),
            (json!({"email": "jane"}), "email"),
            (json!({"externalId": 7}), "externalId"),
            (json!({"metadata": {"a": "x".repeat(17_000)}}), "metadata"),
            (json!({"anonymousUserId": visitor.id}), "anonymousUserId"),
            (json!({"vouchedBy": "backend"}), "vouchedBy"),
        ] {
            let answer = backend.identify(&visitor, body).await;
            answer.is_problem(422, "invalid_request");
            assert_eq!(answer.body["field"], field, "{answer:?}");
        }
        let path = format!("/visitors/{}/identity", visitor.id);
        let plain = backend.request(Method::POST, &path).body("{}");
        Answer::to(plain).await.is_problem(415, "unsupported_media_type");
        let large = backend.request(Method::POST, &path).json(&json!("x".repeat(70_000)));
        Answer::to(large).await.is_problem(413, "too_large");
        visitor.identity().await.is_no_record();
    }

    async fn a_visitor_of_another_organization_is_answered_like_one_that_is_not_there(
        database: Database
    ) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let backend = organization.backend().await;
        let others = visitor_named(&other, "Theirs").await;
        let before = others.identity().await.ok();
        let mut answers = Vec::new();
        for id in [&others.id, UNKNOWN, "nobody", "%00", &other.id] {
            let path = format!("/visitors/{id}/identity");
            for request in [
                backend.request(Method::GET, &path),
                backend.request(Method::POST, &path).json(&json!({"name": "Mallory"})),
                backend.request(Method::POST, &path).json(&json!({"hmac": 7})),
            ] {
                let mut answer = Answer::to(request).await;
                answer.is_problem(404, "visitor_not_found");
                answer.body.as_object_mut().unwrap().remove("requestId");
                answers.push(answer.body);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        for query in ["", "?externalId=x", "?email=x@example.com"] {
            assert_eq!(records(&backend.identities(query).await.ok()), [json!(null); 0]);
        }
        assert_eq!(others.identity().await.ok(), before);
    }

    async fn the_backends_of_a_suspended_organization_are_refused_and_of_a_deleted_one_unknown(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let backend = organization.backend().await;
        let visitor = visitor_named(&organization, "Jane").await;
        let before = backend.identity(&visitor).await.ok();
        organization.update(json!({"suspended": true})).await.ok();
        let calls = async || [
            backend.identity(&visitor).await,
            backend.identify(&visitor, json!({"name": "Joan"})).await,
            backend.identities("").await,
        ];
        for answer in calls().await {
            answer.is_problem(403, "organization_suspended");
        }
        organization.update(json!({"suspended": false})).await.ok();
        assert_eq!(backend.identity(&visitor).await.ok(), before);
        let path = format!("/{}", organization.id);
        Answer::to(organization.admin(Method::DELETE, &path)).await.ok();
        for answer in calls().await {
            answer.is_problem(401, "invalid_api_key");
        }
    }

    async fn a_person_is_looked_up_as_it_is_now(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let backend = organization.backend().await;
        let told = [("user_1", "jane@example.com"), ("user_2", "joe@example.com"),
            ("user_1", "Jane@Example.org")];
        let (mut ids, mut visitors) = (Vec::new(), Vec::new());
        for (external_id, email) in told {
            let visitor = organization.visitor().await;
            let params = json!({"externalId": external_id, "email": email, "name": email});
            ids.push(backend.identify(&visitor, params).await.ok()["id"].clone());
            visitors.push(visitor);
        }
        let found = async |query: &str| -> Vec<Value> {
            let answer = backend.identities(query).await.ok();
            assert_eq!(answer["nextCursor"], json!(null));
            records(&answer).iter().map(|record| record["id"].clone()).collect()
        };
        assert_eq!(found("?externalId=user_1").await, [ids[0].clone(), ids[2].clone()]);
        assert_eq!(found("?email=joe@example.com").await, [ids[1].clone()]);
        // What was said last of a person is said of all of the person's visitors.
        let both = [ids[0].clone(), ids[2].clone()];
        assert_eq!(found("?externalId=user_1&email=jane@example.org").await, both);
        assert_eq!(found("?email=jane@example.com").await, [json!(null); 0]);
        assert_eq!(found("?externalId=nobody").await, [json!(null); 0]);
        // In parts.
        let first = backend.identities("?externalId=user_1&limit=1").await.ok();
        assert_eq!(records(&first)[0]["id"], ids[0]);
        // A record that changes keeps its place.
        backend.identify(&visitors[0], json!({"name": "Jane"})).await.ok();
        assert_eq!(found("?externalId=user_1").await, [ids[0].clone(), ids[2].clone()]);
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = format!("?externalId=user_1&limit=2&cursor={cursor}");
        assert_eq!(found(&second).await, [ids[2].clone()]);
        assert_eq!(found("?email=JANE@example.ORG").await, both);
        // An erased record is gone.
        let erased = format!("/{}/identities/{}", organization.id, ids[0].as_str().unwrap());
        Answer::to(organization.admin(Method::DELETE, &erased)).await.ok();
        assert_eq!(found("?externalId=user_1").await, [ids[2].clone()]);
    }

    async fn a_follower_gets_each_change_once_and_in_order(database: Database) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let backend = organization.backend().await;
        visitor_named(&other, "of another organization").await;
        let mut visitors = Vec::new();
        for number in 0..7 {
            visitors.push(visitor_named(&organization, &format!("{number}")).await);
        }
        let mut follower = Follower::new(&backend);
        follower.until(7).await;
        assert_eq!(names(&follower.seen), ["0", "1", "2", "3", "4", "5", "6"]);
        // Of what changes now, each record comes again, at its last change.
        visitors[3].identify(json!({"name": "3 again"})).await.ok();
        backend.identify(&visitors[1], json!({"name": "1 by the backend"})).await.ok();
        visitors[3].identify(json!({"name": "3 at last"})).await.ok();
        let erased = follower.seen[5]["id"].as_str().unwrap();
        let path = format!("/{}/identities/{erased}", organization.id);
        Answer::to(organization.admin(Method::DELETE, &path)).await.ok();
        follower.until(9).await;
        follower.take().await;
        assert_eq!(names(&follower.seen[7..]), ["1 by the backend", "3 at last"]);
        assert_eq!(follower.seen[7]["vouchedBy"], "backend");

        // Who comes late does not meet what was erased, and can begin at a time.
        let mut late = Follower::new(&backend);
        late.until(6).await;
        late.take().await;
        let all = ["0", "2", "4", "6", "1 by the backend", "3 at last"];
        assert_eq!(names(&late.seen), all);
        for (number, record) in late.seen.iter().enumerate() {
            let after = record["updatedAt"].as_str().unwrap();
            let answer = backend.identities(&format!("?updatedAfter={after}")).await.ok();
            assert_eq!(names(&records(&answer)), all[number + 1..]);
            // A microsecond before, in another time zone.
            let before = updated_at(record) - Duration::from_micros(1);
            let before = before.to_offset(time::UtcOffset::from_hms(5, 30, 0).unwrap());
            let before = before.format(&Rfc3339).unwrap().replace('+', "%2B");
            let answer = backend.identities(&format!("?updatedAfter={before}")).await.ok();
            assert_eq!(names(&records(&answer)), all[number..]);
        }
        // Nothing new: the same cursor.
        let cursor = late.cursor.clone();
        late.take().await;
        assert_eq!((late.seen.len(), late.cursor), (6, cursor));
    }

    async fn a_list_that_cannot_be_meant_is_refused_by_name(database: Database) {
        let service = Service::start(&database);
        let backend = service.organization().await.backend().await;
        for (query, told) in [
            ("?limit=0", "limit"),
            ("?limit=201", "limit"),
            ("?limit=x", "limit"),
            ("?cursor=", "cursor"),
            ("?cursor=018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d", "cursor"),
            ("?updatedAfter=", "updatedAfter"),
            ("?updatedAfter=yesterday", "updatedAfter"),
            ("?updatedAfter=2026-11-28", "updatedAfter"),
            ("?updatedAfter=2026-11-28T09:30:00+01:00", "%2B"),
            ("?updatedAfter=10000-01-01T00:00:00Z", "updatedAfter"),
            ("?email=%00", "NUL"),
            ("?name=Jane", "name"),
        ] {
            let answer = backend.identities(query).await;
            answer.is_problem(422, "invalid_request");
            assert!(answer.body["detail"].as_str().unwrap().contains(told), "{answer:?}");
        }
        for query in [
            "?limit=200",
            "?updatedAfter=0000-01-01T00:00:00%2B23:59",
            "?updatedAfter=9999-12-31T23:59:59.999999999Z",
            "?updatedAfter=1999-12-31T23:59:59.9-05:00",
        ] {
            let answer = backend.identities(query).await.ok();
            assert_eq!(answer, json!({"identities": [], "nextCursor": null}), "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_does_not_miss_a_change_that_commits_late() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = Service::start(&database);
    let organization = service.organization().await;
    let backend = organization.backend().await;
    let late = visitor_named(&organization, "late").await;
    let early = visitor_named(&organization, "early").await;
    let mut follower = Follower::new(&backend);
    follower.until(2).await;

    // The late one gets its time first and waits for a lock; the early one passes it.
    let mut session = Session::open(&database).await;
    let lock = format!(
        "BEGIN; SELECT 1 FROM identities WHERE visitor_id = '{}' FOR UPDATE",
        late.id
    );
    session.execute(&lock).await;
    let waiting = tokio::spawn(async move { late.identify(json!({"name": "late again"})).await });
    sleep(Duration::from_secs(1)).await;
    early.identify(json!({"name": "early again"})).await.ok();
    follower.take().await;
    sleep(Duration::from_secs(1)).await;
    follower.take().await;
    session.execute("COMMIT").await;
    waiting.await.unwrap().ok();
    follower.until(4).await;
    let last: BTreeMap<_, _> = follower.seen[2..]
        .iter()
        .map(|record| (record["name"].as_str().unwrap(), updated_at(record)))
        .collect();
    assert!(last["late again"] < last["early again"], "{last:?}");
}

#[tokio::test]
async fn a_page_gets_nothing_that_is_for_backends() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let backend = organization.backend().await;
    let visitor = visitor_named(&organization, "Jane").await;
    let identity = format!("/visitors/{}/identity", visitor.id);
    for path in [identity.as_str(), "/identities"] {
        let url = format!("{}/v1/server{path}", service.url);
        let preflight = http()
            .request(Method::OPTIONS, url)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        for request in [preflight, backend.request(Method::GET, path)] {
            let answer = Answer::to(request.header("origin", "https://shop.example")).await;
            let mut headers = answer.headers.keys();
            let allows = headers.find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(allows, None, "{answer:?}");
        }
    }
}

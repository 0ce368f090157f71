//! How the calls of an organization were verified, as the admin reads it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use identity_hmac_server::store::{Count, Counted, Counts, Flush, Store};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::sleep;
use uuid::Uuid;

use crate::harness::{
    Answer, Database, Organization, Service, Session, Visitor, command, on_both_databases,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";
/// Longer than the service waits before it writes.
const WRITTEN: Duration = Duration::from_secs(30);

async fn read(organization: &Organization, query: &str) -> Answer {
    let path = format!("/{}/verification-stats{query}", organization.id);
    Answer::to(organization.admin(Method::GET, &path)).await
}

/// The rows of an answer.
async fn days(organization: &Organization) -> Vec<Value> {
    let stats = read(organization, "").await.ok();
    stats["days"].as_array().unwrap().clone()
}

/// How often each result came, whatever else the calls had in common.
async fn results(organization: &Organization) -> BTreeMap<String, i64> {
    let mut results = BTreeMap::new();
    for day in days(organization).await {
        let result = day["result"].as_str().unwrap().to_owned();
        *results.entry(result).or_default() += day["count"].as_i64().unwrap();
    }
    results
}

fn missing(calls: i64) -> BTreeMap<String, i64> {
    BTreeMap::from([("missing".to_owned(), calls)])
}

/// Ends the service, which writes what it has counted, and starts it again.
async fn restart(mut service: Service, database: &Database) -> Service {
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
    Service::start(database)
}

async fn identify_from(visitor: &Visitor, origin: &str, params: Value) -> u16 {
    let request = visitor.request().header("origin", origin);
    Answer::to(request.json(&params)).await.status
}

/// Waits until the missing calls of an organization are so many.
async fn until_missing(organization: &Organization, calls: i64) {
    let start = Instant::now();
    while results(organization).await != missing(calls) {
        assert!(
            start.elapsed() < WRITTEN,
            "{:?}",
            results(organization).await
        );
        sleep(Duration::from_millis(200)).await;
    }
}

fn printed(database: &Database, args: &[&str]) -> String {
    let output = command(database).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

on_both_databases! {
    async fn calls_are_counted_by_day_result_proof_secret_and_origin(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let other = service.organization().await;
        let visitor = organization.visitor().await;
        let shop = "https://shop.example";
        let first = organization.sign(&visitor);
        let signed = |hmac: &str| json!({"hmac": hmac});

        assert_eq!(identify_from(&visitor, shop, signed(&first)).await, 200);
        visitor.identify(json!({"name": "Jane"})).await.ok();
        organization.verification("observe").await;
        assert_eq!(identify_from(&visitor, shop, json!({})).await, 200);
        assert_eq!(identify_from(&visitor, shop, signed("forged")).await, 200);
        assert_eq!(identify_from(&visitor, "null", json!({})).await, 200);
        organization.rotate_secret().await;
        let second = organization.sign(&visitor);
        organization.verification("required").await;
        assert_eq!(identify_from(&visitor, shop, json!({})).await, 403);
        assert_eq!(identify_from(&visitor, shop, signed(&first)).await, 200);
        assert_eq!(identify_from(&visitor, shop, signed(&second)).await, 200);
        assert_eq!(identify_from(&visitor, shop, signed(&second)).await, 200);

        let service = restart(service, &database).await;
        let organization = organization.at(&service);
        let mut rows = days(&organization).await;
        for row in &mut rows {
            let row = row.as_object_mut().unwrap();
            let (day, last) = (row.remove("day").unwrap(), row.remove("lastSeenAt").unwrap());
            assert_eq!(last.as_str().unwrap().split('T').next(), day.as_str());
        }
        let row = |result: &str, proof: &str, secret: Value, origin: Value, count: i64| {
            json!({"result": result, "proof": proof, "secret": secret, "origin": origin, "count": count})
        };
        let expected = [
            row("ignored", "hmac", json!(null), json!(shop), 1),
            row("ignored", "none", json!(null), json!(null), 1),
            row("invalid", "hmac", json!(null), json!(shop), 1),
            row("missing", "none", json!(null), json!(shop), 2),
            row("missing", "none", json!(null), json!("null"), 1),
            row("verified_current", "hmac", json!("current"), json!(shop), 2),
            row("verified_previous", "hmac", json!("previous"), json!(shop), 1),
        ];
        for expected in &expected {
            assert!(rows.contains(expected), "{expected} is not in {rows:?}");
        }
        assert_eq!(rows.len(), expected.len());
        assert_eq!(days(&other.at(&service)).await, [] as [Value; 0]);

        let table = printed(&database, &["org", "stats", &organization.id]);
        let line = table.lines().find(|line| line.contains("missing") && line.contains(shop));
        let words: Vec<_> = line.unwrap().split_whitespace().collect();
        assert_eq!((words[2], words[3], words.last()), ("none", "2", Some(&shop)));
        assert!(table.contains("\"required\" turns away 4 of 7 calls (57.1 %)"), "{table}");
        assert!(table.contains("verification was off for 2 calls, of which 1 carried a proof"));
        let json = printed(&database, &["org", "stats", &organization.id, "--json", "--days=1"]);
        let stats: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(stats, read(&organization, "?days=1").await.ok());
        let none = printed(&database, &["org", "stats", &other.id, "--days=3"]);
        assert_eq!(none, "no identify() call in 3 days\n");
    }

    async fn tokens_are_counted_apart_and_turned_away_where_the_hmac_alone_is_accepted(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let token = signer.token(&visitor, "user_123");
        visitor.identify(json!({"token": token})).await.ok();
        visitor.identify(json!({"token": "forged"})).await.ok();
        visitor.identify(json!({"hmac": organization.sign(&visitor)})).await.ok();

        let service = restart(service, &database).await;
        let organization = organization.at(&service);
        let rows = days(&organization).await;
        let rows: Vec<_> = rows
            .iter()
            .map(|row| ["result", "proof"].map(|name| row[name].as_str().unwrap()))
            .collect();
        let expected = [["invalid", "token"], ["verified_current", "hmac"], ["verified_current", "token"]];
        assert_eq!(rows, expected);
        for (proofs, line) in [
            (json!(["hmac", "token"]), "\"required\" turns away 1 of 3 calls (33.3 %)"),
            (json!(["hmac"]), "\"required\" turns away 2 of 3 calls (66.6 %)"),
        ] {
            organization.update(json!({"acceptedProofs": proofs})).await.ok();
            let table = printed(&database, &["org", "stats", &organization.id]);
            assert!(table.contains(line), "{table}");
        }
    }

    async fn stats_are_read_for_organizations_that_there_are_and_days_that_are_kept(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        for query in ["?days=1", "?days=90"] {
            assert_eq!(read(&organization, query).await.ok(), json!({"days": []}));
        }
        for query in ["?days=0", "?days=91", "?days=-1", "?days=", "?day=1", "?days=65537"] {
            read(&organization, query).await.is_problem(422, "invalid_request");
        }
        let path = format!("/{UNKNOWN}/verification-stats");
        let unknown = Answer::to(organization.admin(Method::GET, &path)).await;
        unknown.is_problem(404, "organization_not_found");
        let output = command(&database).args(["org", "stats", UNKNOWN]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no organization"));
    }

    async fn counts_of_several_processes_add_up_and_are_written_every_few_seconds(
        database: Database
    ) {
        let [one, two] = [(); 2].map(|()| Service::start(&database));
        let organization = one.organization().await;
        organization.verification("observe").await;
        let visitor = organization.visitor().await;
        for service in [&one, &two, &one, &two, &two] {
            visitor.at(service).identify(json!({})).await.ok();
        }
        until_missing(&organization, 5).await;
        visitor.identify(json!({})).await.ok();
        until_missing(&organization, 6).await;
    }

    async fn a_failing_database_keeps_the_counts_and_stops_no_call(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let visitor = organization.visitor().await;
        let mut session = Session::open(&database).await;
        session.execute("ALTER TABLE verification_days RENAME TO hidden").await;
        let start = Instant::now();
        let mut calls = 0;
        while !service.log().contains("the verification stats are written later") {
            visitor.identify(json!({})).await.ok();
            calls += 1;
            assert!(start.elapsed() < WRITTEN);
            sleep(Duration::from_millis(100)).await;
        }
        // What is counted now waits behind what could not be written.
        visitor.identify(json!({})).await.ok();
        session.execute("ALTER TABLE hidden RENAME TO verification_days").await;
        let service = restart(service, &database).await;
        assert_eq!(results(&organization.at(&service)).await, missing(calls + 1));
    }

    async fn counts_that_are_written_again_count_once(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let now = OffsetDateTime::now_utc();
        let counted = |organization: &str| Counted {
            organization: organization.parse().unwrap(),
            day: now.date(),
            origin: String::new(),
            result: "missing",
            proof: "none",
            secret: "",
        };
        let count = Count { calls: 3, last_seen_at: now };
        let mut counts = Counts::default();
        counts.add(counted(&organization.id), count);
        counts.add(counted(UNKNOWN), count);
        let store = Store::open(&database.url, 1).unwrap();
        let process = Uuid::now_v7();
        for number in [1, 1, 2, 1, 2] {
            store.add_verification_counts(Flush { process, number }, &counts).await.unwrap();
        }
        store.close().await;
        assert_eq!(results(&organization).await, missing(2 * 3));
    }

    async fn at_most_20_origins_of_a_day_have_counts_of_their_own(database: Database) {
        let mut service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("observe").await;
        let mut visitor = organization.visitor().await;
        for part in [0..12, 6..18, 12..40] {
            for number in part {
                let origin = format!("https://{number}.example");
                assert_eq!(identify_from(&visitor, &origin, json!({})).await, 200);
            }
            assert_eq!(identify_from(&visitor, "<b>", json!({})).await, 200);
            service = restart(service, &database).await;
            organization = organization.at(&service);
            visitor = visitor.at(&service);
        }
        let rows = days(&organization).await;
        let counts: BTreeMap<_, _> = rows
            .iter()
            .map(|row| (row["origin"].as_str().unwrap(), row["count"].as_i64().unwrap()))
            .collect();
        assert_eq!(counts.len(), 21, "{counts:?}");
        assert_eq!(counts["https://11.example"], 2);
        // Three that no browser sends, and those of the last part that found no place.
        assert_eq!(counts["other"], 3 + 20);
        assert_eq!(counts.values().sum::<i64>(), 12 + 12 + 28 + 3);
    }

    async fn days_that_are_older_than_90_are_deleted(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        organization.visitor().await.identify(json!({})).await.ok();
        let service = restart(service, &database).await;
        let mut session = Session::open(&database).await;
        let today = OffsetDateTime::now_utc().date();
        for (days, origin) in [(89, "kept"), (90, "old"), (400, "older")] {
            let day = today.saturating_sub(time::Duration::days(days));
            let copy = format!(
                "INSERT INTO verification_days SELECT organization_id, '{day}', '{origin}', result,
                    proof, secret, calls, last_seen_at FROM verification_days WHERE origin = ''"
            );
            session.execute(&copy).await;
        }
        let service = restart(service, &database).await;
        let start = Instant::now();
        let sql = "SELECT origin FROM verification_days ORDER BY origin";
        while session.texts(sql).await != ["", "kept"] {
            assert!(start.elapsed() < WRITTEN, "{}", service.log());
            sleep(Duration::from_millis(50)).await;
        }
        let kept = read(&organization.at(&service), "?days=90").await.ok();
        assert_eq!(kept["days"].as_array().unwrap().len(), 2);
    }
}

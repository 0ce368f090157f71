//! Calls that race, in one process and in several: the database decides, and nothing is lost.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use json_patch::merge;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{
    Answer, Database, Service, Session, Visitor, command, http, kept, migrate, on_both_databases,
    proved, times, without_postgres,
};

/// How many callers race.
const WORKERS: usize = 20;

/// Every worker counts its own calls in the metadata of one visitor, at two levels. Each answer, and
/// the record in the end, have to hold every count that was acknowledged. Returns how many calls there
/// were.
async fn race(visitor: &Visitor, services: &[&Service], calls: usize) -> usize {
    let client = kept();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let client = client.clone();
        let visitor = visitor.at(services[worker % services.len()]);
        workers.spawn(async move { count(&client, &visitor, worker, calls).await });
    }
    let ids = workers.join_all().await;
    let record = visitor.identity().await.ok();
    for worker in 0..WORKERS {
        let key = format!("w{worker}");
        assert_eq!(record["metadata"][&key], calls - 1);
        assert_eq!(record["metadata"]["nested"][&key], calls - 1);
    }
    assert!(ids.iter().all(|id| *id == record["id"]), "{ids:?}");
    calls * WORKERS
}

/// Makes the calls of one worker, and returns the id that they were answered with.
async fn count(client: &reqwest::Client, visitor: &Visitor, worker: usize, calls: usize) -> Value {
    let own = format!("w{worker}");
    let mut id = Value::Null;
    let mut seen = [0; WORKERS];
    for call in 0..calls {
        let params = json!({"name": own, "metadata": {&own: call, "nested": {&own: call}}});
        let answer = loop {
            let request = visitor.request().json(&params);
            let answer = Answer::over(client, request).await.unwrap();
            // What is refused is not written: it is on the caller to call again.
            if answer.status != 503 {
                break answer.ok();
            }
            answer.is_problem(503, "unavailable");
        };
        assert_eq!(answer["name"], own);
        assert_eq!(answer["metadata"]["nested"][&own], call);
        for (other, seen) in seen.iter_mut().enumerate() {
            let count = answer["metadata"][format!("w{other}")]
                .as_u64()
                .unwrap_or(0);
            assert!(count >= *seen, "w{other} went back from {seen} to {count}");
            *seen = count;
        }
        assert!(call == 0 || id == answer["id"], "{id} became {answer}");
        id = answer["id"].clone();
    }
    id
}

/// How many transactions failed.
const ROLLED_BACK: &str =
    "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()";

async fn number_of_identities(database: &Database) -> i64 {
    let mut session = Session::open(database).await;
    session.number("SELECT count(*) FROM identities").await
}

on_both_databases! {
    async fn racing_identifies_of_one_visitor_leave_one_row_and_lose_nothing(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let calls = race(&visitor, &[&service], times(2_000, 10_000) / WORKERS).await;
        assert_eq!(number_of_identities(&database).await, 1);
        let name = if database.is_postgres() { "PostgreSQL" } else { "SQLite" };
        proved(
            &format!("identifies of one visitor that race on {name} leave one record and lose nothing"),
            format!("{calls} calls by {WORKERS} callers"),
        );
    }
}

on_both_databases! {
    /// On SQLite they are committed in one transaction.
    async fn of_calls_that_wait_for_one_lock_a_refused_one_leaves_the_others(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let large = |key: &str| json!({"metadata": {key: "x".repeat(10_000)}});
        let full = organization.visitor().await;
        full.identify(large("first")).await.ok();
        let pinned = organization.visitor().await;
        pinned.identify(json!({"token": signer.token(&pinned, "user_1")})).await.ok();
        let other = json!({"token": signer.token(&pinned, "user_2"), "name": "Joan"});
        let mut calls = vec![(full, large("second"), 422), (pinned, other, 409)];
        for number in 0..8 {
            let visitor = organization.visitor().await;
            let mut params = json!({"metadata": {"number": number}});
            if number % 2 == 0 {
                params["token"] = json!(signer.token(&visitor, &format!("user_{number}")));
            }
            calls.insert(number % 3, (visitor, params, 200));
        }

        let mut session = Session::open(&database).await;
        session.lock_identities().await;
        let mut waiting = JoinSet::new();
        for (visitor, params, status) in calls {
            waiting.spawn(async move {
                let answer = visitor.identify(params.clone()).await;
                assert_eq!(answer.status, status, "{answer:?}");
                let record = visitor.identity().await.ok();
                if status == 200 {
                    assert_eq!(record["metadata"], params["metadata"]);
                    assert_eq!(record["personId"].is_string(), params["token"].is_string());
                } else {
                    assert_eq!((&record["name"], &record["metadata"]["second"]), (&json!(null), &json!(null)));
                }
            });
        }
        sleep(Duration::from_millis(500)).await;
        drop(session);
        waiting.join_all().await;
    }
    /// On SQLite they are one statement, and another one for the record that was changed meanwhile.
    async fn updates_that_wait_for_one_lock_each_change_their_own_record(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let mut calls = Vec::new();
        for number in 0..12 {
            let visitor = organization.visitor().await;
            let email = format!("user{number}@example.com");
            let metadata = json!({"number": number, "old": true});
            let before = json!({"name": "Jane", "email": email, "metadata": metadata});
            let mut after = visitor.identify(before).await.ok();
            let params = match number % 3 {
                0 => json!({"name": format!("Joan {number}"), "email": null}),
                1 => json!({"externalId": format!("user_{number}")}),
                _ => json!({"metadata": {"old": null, "new": number}}),
            };
            for (member, value) in params.as_object().unwrap() {
                if member == "metadata" {
                    merge(&mut after[member], value);
                } else {
                    after[member] = value.clone();
                }
            }
            calls.push((visitor, params, after));
        }

        let mut session = Session::open(&database).await;
        session.lock_identities().await;
        let changed = json!({"number": 7, "by": "another program"});
        calls[7].2["metadata"] = changed.clone();
        let mut waiting = JoinSet::new();
        for (visitor, params, expected) in calls {
            waiting.spawn(async move {
                let answer = visitor.identify(params).await.ok();
                assert_eq!(visitor.identity().await.ok(), answer);
                assert_eq!(answer, expected);
            });
        }
        sleep(Duration::from_millis(500)).await;
        session.execute(&format!(
            "UPDATE identities SET metadata = '{changed}', updated_at = '2026-01-01T00:00:00.000001Z'
            WHERE email = 'user7@example.com'; COMMIT"
        )).await;
        waiting.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identifies_that_race_over_several_processes_lose_nothing() {
    if without_postgres() {
        return;
    }
    let calls = times(400, 5_000) / WORKERS;
    let database = Database::postgres().await;
    let [first, second, third] = [(); 3].map(|()| Service::start(&database));
    let organization = first.organization().await;
    let visitor = organization.visitor().await;
    let over_two = race(&visitor, &[&first, &second], calls).await;
    let visitor = organization.visitor().await;
    let over_three = race(&visitor, &[&first, &second, &third], calls).await;
    assert_eq!(number_of_identities(&database).await, 2);
    proved(
        "identifies of one visitor that race over several processes leave one record and lose nothing",
        format!("{over_two} calls over two processes, {over_three} over three"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serialization_failures_are_tried_again_and_lose_nothing() {
    if without_postgres() {
        return;
    }
    let calls = times(200, 10_000) / WORKERS;
    let database = Database::postgres().await;
    Session::open(&database)
        .await
        .execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I
                SET default_transaction_isolation = serializable', current_database()); END $$",
        )
        .await;
    let [first, second] = [(); 2].map(|()| Service::start(&database));
    let organization = first.organization().await;
    let visitor = organization.visitor().await;
    let calls = race(&visitor, &[&first, &second], calls).await;
    assert_eq!(number_of_identities(&database).await, 1);
    // Their connections report what they did when they end.
    drop((first, second));
    let mut session = Session::open(&database).await;
    let mut rolled_back = 0;
    for _ in 0..100 {
        rolled_back = session.number(ROLLED_BACK).await;
        if rolled_back > 0 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(rolled_back > 0, "no transaction failed: nothing was shown");
    proved(
        "under SERIALIZABLE a transaction that cannot be ordered is run again and nothing is lost",
        format!(
            "{calls} calls over two processes, {rolled_back} transactions or more were run again"
        ),
    );
}

/// Makes the next `failures` writes of a record fail with SQLSTATE 40001. The sequence counts the
/// attempts: it is not rolled back.
async fn fail_to_serialize(database: &Database, failures: u32) {
    let sql = format!(
        "DROP SEQUENCE IF EXISTS attempts CASCADE;
        CREATE SEQUENCE attempts MINVALUE 0;
        CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('attempts') < {failures} THEN
                RAISE 'not now' USING ERRCODE = 'serialization_failure';
            END IF;
            RETURN NEW;
        END $$;
        CREATE OR REPLACE TRIGGER fail BEFORE UPDATE ON identities
            FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    Session::open(database).await.execute(&sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_never_serializes_is_refused_after_ten_attempts_and_writes_nothing() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let before = visitor
        .identify(json!({"name": "Jane", "metadata": {"a": 1}}))
        .await
        .ok();

    fail_to_serialize(&database, 9).await;
    visitor.identify(json!({"name": "Joan"})).await.ok();
    visitor.identify(json!({"name": "Jane"})).await.ok();

    fail_to_serialize(&database, u32::MAX).await;
    for params in [json!({"name": "Joan"}), json!({"metadata": {"a": 2}})] {
        let refused = visitor.identify(params).await;
        refused.is_problem(503, "unavailable");
        assert!(refused.headers.contains_key("retry-after"));
    }
    assert_eq!(visitor.identity().await.ok(), before);
    let attempts = Session::open(&database)
        .await
        .number("SELECT last_value FROM attempts")
        .await;
    assert_eq!(attempts + 1, 2 * 10);
}

/// Starts the service with what it makes itself: the admin token, and the master key in `folder`.
fn start_unconfigured(database: &Database, folder: &std::path::Path) -> Service {
    let mut command: Command = command(database);
    command
        .args(["serve", "--listen=127.0.0.1:0"])
        .current_dir(folder);
    Service::start_command(database, command)
}

on_both_databases! {
async fn processes_that_start_together_agree_on_schema_master_key_and_admin_token(first: Database) {
    let rounds = times(6, 50);
    for round in 0..rounds {
        let database = if first.is_postgres() { Database::postgres().await } else { Database::sqlite() };
        // Without a schema they race for it; with one, for what comes after it.
        if round % 2 == 1 {
            migrate(&database);
        }
        let services: Vec<Service> = thread::scope(|scope| {
            let starts =
                [(); 3].map(|()| scope.spawn(|| start_unconfigured(&database, database.folder())));
            starts.map(|start| start.join().unwrap()).into()
        });
        let mut shown = String::new();
        for service in &services {
            service.until_ready(200).await;
            shown += &service.output();
        }
        let tokens: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.strip_prefix("admin token, shown this once: "))
            .collect();
        let [token] = tokens[..] else {
            panic!("{shown}")
        };
        for service in &services {
            let organizations = format!("{}/v1/admin/organizations", service.admin_url);
            let created = http()
                .post(organizations)
                .bearer_auth(token)
                .json(&json!({"name": "Shop"}));
            Answer::to(created).await.ok();
        }
        let mut session = Session::open(&database).await;
        assert_eq!(session.number("SELECT count(*) FROM settings").await, 2);
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"));
        let applied = session
            .number("SELECT count(*) FROM _sqlx_migrations")
            .await;
        assert_eq!(applied, i64::try_from(files.unwrap().count()).unwrap());
    }
    let name = if first.is_postgres() { "PostgreSQL" } else { "SQLite" };
    proved(
        &format!("processes that start at once on {name} agree on one schema, one master key and one admin token"),
        format!("{rounds} times three processes"),
    );
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_processes_that_start_together_with_different_master_keys_one_serves() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    migrate(&database);
    let outputs = thread::scope(|scope| {
        let starts = ["0", "1"].map(|digit| {
            let mut command = command(&database);
            command
                .args(["org", "create", "Shop"])
                .env("IDENTITY_MASTER_KEY", digit.repeat(64));
            scope.spawn(move || command.output().unwrap())
        });
        starts.map(|start| start.join().unwrap())
    });
    let refused: Vec<_> = outputs
        .iter()
        .filter(|output| !output.status.success())
        .collect();
    let [refused] = refused[..] else {
        panic!("{outputs:?}")
    };
    let reason = String::from_utf8_lossy(&refused.stderr);
    assert!(
        reason.contains("is not the one that this database's secrets are sealed with"),
        "{reason}"
    );
    let mut session = Session::open(&database).await;
    assert_eq!(
        session.number("SELECT count(*) FROM organizations").await,
        1
    );
}

//! How long visitors and their tokens live.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{
    Answer, Database, Organization, Service, Session, Visitor, command, on_both_databases, serve,
};

/// More visitors than are removed in one step.
const MANY: usize = 600;
/// Longer than the service waits before it does what need not be done at once.
const PATIENCE: Duration = Duration::from_mins(1);

/// A value of a visitor's id in SQL.
fn sql_id(session: &Session, id: &str) -> String {
    match session {
        Session::Postgres(_) => format!("'{id}'"),
        Session::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
    }
}

/// A time so many days ago in SQL, as the service writes it.
fn days_ago(session: &Session, days: u32) -> String {
    match session {
        Session::Postgres(_) => format!("(now() - interval '{days} days')"),
        Session::Sqlite(_) => {
            format!("strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{days} days')")
        }
    }
}

/// Lets a visitor have been made and seen so many days ago.
async fn age(session: &mut Session, visitor: &Visitor, made: u32, seen: Option<u32>) {
    let made = days_ago(session, made);
    let seen = seen.map_or_else(|| "NULL".to_owned(), |seen| days_ago(session, seen));
    let id = sql_id(session, &visitor.id);
    let sql =
        format!("UPDATE visitors SET created_at = {made}, last_seen_at = {seen} WHERE id = {id}");
    session.execute(&sql).await;
}

/// How many visitors there are.
async fn count(session: &mut Session) -> usize {
    let count = session.number("SELECT count(*) FROM visitors").await;
    count.try_into().unwrap()
}

/// How many of them were seen within a day.
async fn seen_today(session: &mut Session) -> i64 {
    let yesterday = days_ago(session, 1);
    session
        .number(&format!(
            "SELECT count(*) FROM visitors WHERE last_seen_at > {yesterday}"
        ))
        .await
}

async fn identified(organization: &Organization, name: &str) -> Visitor {
    let visitor = organization.visitor().await;
    visitor.identify(json!({"name": name})).await.ok();
    visitor
}

on_both_databases! {
    async fn only_visitors_who_did_not_call_within_the_retention_are_removed(
        database: Database
    ) {
        let service = Service::start(&database);
        let [one, two] = [service.organization().await, service.organization().await];
        let old = [identified(&one, "Canary").await, identified(&two, "Canary").await, one.visitor().await];
        let kept = [
            identified(&one, "Jane").await, identified(&one, "Jane").await,
            identified(&two, "Jane").await, identified(&two, "Jane").await,
        ];
        let mut session = Session::open(&database).await;
        for (visitor, seen) in old.iter().zip([None, Some(40), None]) {
            age(&mut session, visitor, 90, seen).await;
        }
        // It was seen lately, though it was made long ago; or within the day that is given on top.
        age(&mut session, &kept[0], 90, Some(29)).await;
        age(&mut session, &kept[1], 90, Some(30)).await;
        age(&mut session, &kept[2], 29, None).await;
        let copies = days_ago(&session, 90);
        let one_id = sql_id(&session, &one.id);
        let new_id = match session {
            Session::Postgres(_) => "gen_random_uuid()",
            Session::Sqlite(_) => "randomblob(16)",
        };
        session.execute(&format!(
            "INSERT INTO visitors (organization_id, id, token_sha256, created_at)
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MANY})
            SELECT {one_id}, {new_id}, token_sha256, {copies} FROM n, visitors WHERE id = {}",
            sql_id(&session, &old[0].id),
        )).await;
        let removed = MANY + old.len();
        assert_eq!(count(&mut session).await, removed + kept.len());

        let retention = || {
            let args = ["--visitor-retention=30", "--visitor-rate=0", "--address-rate=0"];
            Service::start_command(&database, serve(&database, &args))
        };
        // Beside each other, and beside one that keeps visitors for ever.
        let services: Vec<_> = (0..if database.is_postgres() { 3 } else { 1 }).map(|_| retention()).collect();
        let start = Instant::now();
        while count(&mut session).await > kept.len() {
            assert!(start.elapsed() < PATIENCE, "{}", services[0].log());
            sleep(Duration::from_millis(20)).await;
        }
        for visitor in &kept {
            assert_eq!(visitor.identity().await.ok()["name"], "Jane");
        }
        for visitor in &old {
            visitor.identity().await.is_problem(401, "invalid_visitor_token");
        }
        let rows = session.rows().await.concat();
        assert!(!rows.contains("Canary"), "{rows}");
        let mut counted = 0;
        for service in &services {
            counted += service.count("identity_hmac_visitors_removed_total").await;
        }
        assert_eq!(counted, removed);
        assert_eq!(service.count("identity_hmac_visitors_removed_total").await, 0);
    }

    async fn a_visitor_who_calls_is_seen_once_a_day_and_stays(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let [visitor, other] = [organization.visitor().await, organization.visitor().await];
        let mut session = Session::open(&database).await;
        age(&mut session, &visitor, 300, Some(250)).await;
        age(&mut session, &other, 300, Some(250)).await;
        let mut until_seen = async |visitors: i64| {
            let start = Instant::now();
            while seen_today(&mut session).await < visitors {
                assert!(start.elapsed() < PATIENCE, "{}", service.log());
                sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(seen_today(&mut session).await, visitors);
        };
        visitor.identity().await.is_no_record();
        until_seen(1).await;
        let backend = organization.backend().await;
        backend.identity(&other).await.is_no_record();
        until_seen(1).await;
        // What the backend says of a visitor counts as a call.
        backend.identify(&other, json!({"name": "Joe"})).await.ok();
        until_seen(2).await;
        // Not a second time.
        let before = session.texts("SELECT CAST(last_seen_at AS TEXT) FROM visitors ORDER BY 1").await;
        for _ in 0..3 {
            visitor.identify(json!({"name": "Jane"})).await.ok();
            backend.identify(&other, json!({"name": "Jim"})).await.ok();
        }
        sleep(Duration::from_millis(200)).await;
        let after = session.texts("SELECT CAST(last_seen_at AS TEXT) FROM visitors ORDER BY 1").await;
        assert_eq!(after, before);
    }

    async fn a_token_that_is_not_used_for_its_lifetime_is_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let [used, unused, never] = [
            identified(&organization, "Jane").await,
            identified(&organization, "Canary").await,
            identified(&organization, "Canary").await,
        ];
        let mut session = Session::open(&database).await;
        age(&mut session, &used, 900, Some(400)).await;
        age(&mut session, &unused, 900, Some(402)).await;
        age(&mut session, &never, 402, None).await;
        assert_eq!(used.identity().await.ok()["name"], "Jane");
        for visitor in [&unused, &never] {
            visitor.identity().await.is_problem(401, "invalid_visitor_token");
            visitor.identify(json!({"name": "Mallory"})).await.is_problem(401, "invalid_visitor_token");
        }
        let patient = Service::start_with(&database, &["--visitor-token-lifetime=0"]);
        assert_eq!(unused.at(&patient).identity().await.ok()["name"], "Canary");
    }

    async fn revoked_tokens_are_refused_and_those_of_later_visitors_are_taken(database: Database) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let revoke = async || {
            let path = format!("/{}/revoke-visitor-tokens", organization.id);
            Answer::to(organization.admin(Method::POST, &path)).await
        };
        let before = identified(&organization, "Jane").await;
        let others = identified(&other, "Joe").await;
        assert_eq!(organization.read().await["visitorTokensValidAfter"], json!(null));
        let revoked = revoke().await.ok();
        assert!(revoked["visitorTokensValidAfter"].is_string(), "{revoked}");
        assert_eq!(organization.read().await, revoked);
        let after = identified(&organization, "Jim").await;
        for answer in [before.identity().await, before.identify(json!({"name": "Mallory"})).await] {
            answer.is_problem(401, "invalid_visitor_token");
        }
        assert_eq!(after.identity().await.ok()["name"], "Jim");
        assert_eq!(others.identity().await.ok()["name"], "Joe");

        let args = ["org", "revoke-visitor-tokens", &organization.id];
        let output = command(&database).args(args).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("visitor tokens    revoked if made before 20"), "{shown}");
        after.identity().await.is_problem(401, "invalid_visitor_token");
        assert_eq!(others.identity().await.ok()["name"], "Joe");
        identified(&organization, "Jack").await.identity().await.ok();

        let path = format!("/{}/identities", organization.id);
        let listed = Answer::to(organization.admin(Method::GET, &path)).await.ok();
        let names: Vec<&Value> =
            listed["identities"].as_array().unwrap().iter().map(|record| &record["name"]).collect();
        assert_eq!(names, ["Jane", "Jim", "Jack"]);
    }
}

//! Organizations that are suspended, deleted, renamed: what their visitors and their admin see, and
//! that no other organization is touched.

use std::time::{Duration, Instant};

use identity_hmac_server::store::{IdentifyCall, Store};
use identity_hmac_server::token::VisitorToken;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::admin::routes;
use crate::harness::{
    Answer, Database, Organization, Service, Session, Visitor, command, http, on_both_databases,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";
/// More visitors than are removed in one step.
const VISITORS: usize = 600;
/// Longer than the service waits before it removes what was deleted.
const REMOVED: Duration = Duration::from_mins(1);

fn printed(database: &Database, args: &[&str]) -> String {
    let output = command(database).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(database: &Database, args: &[&str], code: i32) -> String {
    let output = command(database).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

async fn delete(organization: &Organization) -> Answer {
    let path = format!("/{}", organization.id);
    Answer::to(organization.admin(Method::DELETE, &path)).await
}

/// A request for a new visitor.
fn visitor_request(service: &Service, key: &str) -> RequestBuilder {
    http()
        .post(format!("{}/v1/visitors", service.url))
        .header("x-organization-key", key)
}

/// Gives an organization many visitors with a record each, faster than by HTTP.
async fn fill(database: &Database, organization: &Organization) {
    organization.make_api_key().await.ok();
    organization.make_token_key().await.ok();
    let id: Uuid = organization.id.parse().unwrap();
    let store = Store::open(&database.url, 1).unwrap();
    for _ in 0..VISITORS {
        let (_, token) = VisitorToken::generate(id, Uuid::now_v7()).unwrap();
        assert!(store.create_visitor(&token).await.unwrap());
        let mut session = store.session().await.unwrap();
        let call = IdentifyCall {
            organization: id,
            visitor: token.visitor,
            ..IdentifyCall::default()
        };
        session.identify(&call.into()).await.unwrap();
    }
    store.close().await;
}

/// The tables whose rows belong to organizations, whatever they are.
async fn tables(session: &mut Session) -> Vec<String> {
    let sql = match session {
        Session::Postgres(_) => {
            "SELECT table_name::text FROM information_schema.columns
            WHERE column_name = 'organization_id' AND table_schema = 'public' ORDER BY 1"
        }
        Session::Sqlite(_) => {
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name = 'organization_id' ORDER BY 1"
        }
    };
    session.texts(sql).await
}

/// How many rows each table has of an organization, but the audit log, which stays.
async fn owned(session: &mut Session, organization: &Organization) -> Vec<(String, i64)> {
    let id = match session {
        Session::Postgres(_) => format!("'{}'", organization.id),
        Session::Sqlite(_) => format!("x'{}'", organization.id.replace('-', "")),
    };
    let mut owned = Vec::new();
    for table in tables(session).await {
        if table != "audit_events" {
            let sql = format!("SELECT count(*) FROM {table} WHERE organization_id = {id}");
            let rows = session.number(&sql).await;
            owned.push((table, rows));
        }
    }
    let sql = format!("SELECT count(*) FROM organizations WHERE id = {id}");
    owned.push(("organizations".to_owned(), session.number(&sql).await));
    owned
}

/// The rows that belong to one organization, as text.
async fn rows_of(session: &mut Session, organization: &Organization) -> Vec<String> {
    let id = organization.id.replace('-', "");
    let mut rows = session.rows().await;
    rows.retain(|row| row.to_lowercase().replace('-', "").contains(&id));
    rows
}

/// Waits until the last row of a deleted organization is removed.
async fn until_removed(service: &Service, organization: &Organization) -> Value {
    let start = Instant::now();
    loop {
        let url = format!(
            "{}/v1/admin/audit?organization={}&limit=1",
            service.admin_url, organization.id
        );
        let audit = http().get(url).bearer_auth(&service.admin_token);
        let newest = Answer::to(audit).await.ok()["events"][0].clone();
        if newest["action"] == "organization_removed" {
            return newest;
        }
        assert!(start.elapsed() < REMOVED, "{newest} {}", service.log());
        sleep(Duration::from_millis(100)).await;
    }
}

on_both_databases! {
    async fn a_suspended_organization_serves_no_visitor_and_comes_back_as_it_was(
        database: Database
    ) {
        let service = Service::start(&database);
        let [suspended, other] = [service.organization().await, service.organization().await];
        let visitor = suspended.visitor().await;
        let other_visitor = other.visitor().await;
        visitor.identify(json!({"name": "Jane"})).await.ok();
        let mut session = Session::open(&database).await;
        let others = rows_of(&mut session, &other).await;

        let answer = suspended.update(json!({"suspended": true})).await.ok();
        assert_eq!(answer["suspended"], true);
        let page = visitor_request(&service, &suspended.key).header("origin", "https://a.example");
        let answer = Answer::to(page).await;
        answer.is_problem(403, "organization_suspended");
        assert_eq!(answer.headers["access-control-allow-origin"], "https://a.example");
        visitor.identify(json!({"name": "Mallory"})).await.is_problem(403, "organization_suspended");
        visitor.identity().await.is_problem(403, "organization_suspended");
        let forged = visitor.with_token("vt_forged").identity().await;
        forged.is_problem(401, "invalid_visitor_token");
        let read = suspended.read().await;
        assert_eq!(read["suspended"], true);
        let path = format!("/{}/identities", suspended.id);
        let list = Answer::to(suspended.admin(Method::GET, &path)).await.ok();
        assert_eq!(list["identities"][0]["name"], "Jane");
        let listed = printed(&database, &["org", "list"]);
        assert!(listed.contains("Corner Shop  (suspended)"), "{listed}");
        let shown = printed(&database, &["org", "suspend", &suspended.id]);
        assert!(shown.contains("suspended         yes"), "{shown}");

        let shown = printed(&database, &["org", "resume", &suspended.id]);
        assert!(shown.contains("suspended         no"), "{shown}");
        assert_eq!(visitor.identity().await.ok()["name"], "Jane");
        suspended.visitor().await;
        assert_eq!(rows_of(&mut session, &other).await, others);
        other_visitor.identify(json!({"name": "Joe"})).await.ok();
        for value in [json!(null), json!("true"), json!(1)] {
            let answer = suspended.update(json!({"suspended": value})).await;
            answer.is_problem(422, "invalid_request");
            assert_eq!(answer.body["field"], "suspended");
        }
        let new = other.admin(Method::POST, "").json(&json!({"name": "New", "suspended": true}));
        Answer::to(new).await.is_problem(422, "invalid_request");
    }

    async fn a_deleted_organization_answers_like_an_unknown_one_at_once(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let identity = visitor.identify(json!({"name": "Jane"})).await.ok();
        let identity = identity["id"].as_str().unwrap();
        let mut session = Session::open(&database).await;
        let answer = delete(&organization).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, ""));

        let told = |mut answer: Answer| {
            answer.body["requestId"].take();
            (answer.status, answer.body)
        };
        let [deleted, unknown] = [organization.id.as_str(), UNKNOWN].map(|id| routes(id, identity));
        for ((method, deleted, body), (_, unknown, _)) in deleted.into_iter().zip(unknown) {
            if deleted.is_empty() {
                continue;
            }
            let [deleted, unknown] = [deleted, unknown].map(|path| {
                let request = organization.admin(method.clone(), &path);
                body.iter().fold(request, RequestBuilder::json)
            });
            let (deleted, unknown) = (Answer::to(deleted).await, Answer::to(unknown).await);
            assert_eq!(deleted.status, 404, "{deleted:?}");
            assert_eq!(told(deleted), told(unknown));
        }
        let path = "?limit=100";
        let listed = Answer::to(organization.admin(Method::GET, path)).await.ok();
        assert_eq!(listed["organizations"], json!([]));
        let unknown_key = format!("pk_{}", UNKNOWN.replace('-', ""));
        let [deleted, unknown] = [&organization.key, &unknown_key]
            .map(|key| visitor_request(&service, key));
        let (deleted, unknown) = (Answer::to(deleted).await, Answer::to(unknown).await);
        assert_eq!(deleted.status, 401);
        assert_eq!(told(deleted), told(unknown));
        for answer in [visitor.identify(json!({})).await, visitor.identity().await] {
            answer.is_problem(401, "invalid_visitor_token");
        }
        for args in [
            &["org", "show"][..],
            &["org", "suspend"],
            &["org", "stats"],
            &["org", "rotate-secret"],
            &["org", "retire-previous-secret"],
            &["identity", "list"],
        ] {
            let told = refused(&database, &[args, &[&organization.id]].concat(), 1);
            assert!(told.contains("there is no organization"), "{told}");
        }
        until_removed(&service, &organization).await;
        assert!(owned(&mut session, &organization).await.iter().all(|(_, rows)| *rows == 0));
    }

    async fn a_deleted_organizations_rows_are_removed_and_no_others(database: Database) {
        let service = Service::start(&database);
        let [deleted, other] = [service.organization().await, service.organization().await];
        for organization in [&deleted, &other] {
            fill(&database, organization).await;
            organization.visitor().await.identify(json!({"name": "Jane"})).await.ok();
        }
        let visitor: Visitor = other.visitor().await;
        visitor.identify(json!({"name": "Joe"})).await.ok();
        let mut session = Session::open(&database).await;
        let others = rows_of(&mut session, &other).await;
        assert!(others.len() > 2 * VISITORS);

        delete(&deleted).await.ok();
        let removal = until_removed(&service, &deleted);
        let calls = async {
            loop {
                assert_eq!(visitor.identity().await.ok()["name"], "Joe");
            }
        };
        let removed = tokio::select! {
            removed = removal => removed,
            () = calls => unreachable!(),
        };
        assert_eq!(removed["actor"], "service");
        let left = owned(&mut session, &deleted).await;
        assert!(left.len() > 3 && left.iter().all(|(_, rows)| *rows == 0), "{left:?}");
        assert_eq!(rows_of(&mut session, &other).await, others);
    }

    async fn a_removal_goes_on_after_a_restart(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        fill(&database, &organization).await;
        delete(&organization).await.ok();
        // As by `kill -9`.
        drop(service);
        let mut session = Session::open(&database).await;
        let service = Service::start(&database);
        until_removed(&service, &organization).await;
        let left = owned(&mut session, &organization).await;
        assert!(left.iter().all(|(_, rows)| *rows == 0), "{left:?}");
    }

    async fn a_command_deletes_an_organization_to_its_last_row(database: Database) {
        let service = Service::start(&database);
        let [deleted, other] = [service.organization().await, service.organization().await];
        fill(&database, &deleted).await;
        let mut session = Session::open(&database).await;
        let others = rows_of(&mut session, &other).await;
        let told = refused(&database, &["org", "delete", &deleted.id], 1);
        assert!(told.contains("\"Corner Shop\"") && told.contains("--yes"), "{told}");
        deleted.visitor().await;

        let told = printed(&database, &["org", "delete", &deleted.id, "--yes"]);
        assert!(told.starts_with("deleted \"Corner Shop\": "), "{told}");
        let left = owned(&mut session, &deleted).await;
        assert!(left.iter().all(|(_, rows)| *rows == 0), "{left:?}");
        assert_eq!(rows_of(&mut session, &other).await, others);
        let told = refused(&database, &["org", "delete", &deleted.id, "--yes"], 1);
        assert!(told.contains("there is no organization"), "{told}");
        let log = printed(&database, &["audit", "list", "--organization", &deleted.id]);
        let actions: Vec<_> = log.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
        assert_eq!(actions, ["organization_removed", "organization_deleted", "token_key_created", "api_key_created", "organization_created"]);
    }

    async fn an_organization_gets_another_name_and_other_origins(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let id = organization.id.as_str();
        let shown = printed(&database, &["org", "rename", id, "Müller & Söhne"]);
        assert!(shown.contains("name              Müller & Söhne"), "{shown}");
        let origins = ["https://a.example", "https://b.example"];
        printed(&database, &["org", "origins", id, origins[0], origins[1]]);
        let read = organization.read().await;
        assert_eq!(read["name"], "Müller & Söhne");
        assert_eq!(read["allowedOrigins"], json!(origins));
        printed(&database, &["org", "origins", id, "--any"]);
        assert_eq!(organization.read().await["allowedOrigins"], json!([]));
        for args in [
            &["org", "origins", id][..],
            &["org", "origins", id, "--any", origins[0]],
            &["org", "origins", id, "https://a.example/chat"],
            &["org", "rename", id, " "],
        ] {
            refused(&database, args, 2);
        }
    }
}

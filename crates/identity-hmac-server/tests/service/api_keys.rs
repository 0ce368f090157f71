//! API keys: how an organization gets them, how they end, and what opens nothing.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Backend, Database, Organization, Service, Visitor, command, http, on_both_databases,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";

fn output_of(database: &Database, args: &[&str]) -> Output {
    command(database).args(args).output().unwrap()
}

fn printed(database: &Database, args: &[&str]) -> String {
    let output = output_of(database, args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains(reason), "{said}");
}

/// An output that takes nothing.
fn without_reader() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    OwnedFd::from(writer).into()
}

/// Calls of each route for backends.
async fn calls(backend: &Backend, visitor: &Visitor) -> Vec<Answer> {
    vec![
        backend.identity(visitor).await,
        backend.identify(visitor, json!({"name": "Mallory"})).await,
        backend.identities("").await,
        // Nor does it learn what else is wrong.
        backend.identify(visitor, json!({"hmac": 7})).await,
        backend.identities("?limit=0").await,
        Answer::to(backend.request(Method::GET, "/visitors/nobody/identity")).await,
    ]
}

/// Shows that a key opens nothing.
async fn assert_opens_nothing(backend: &Backend, visitor: &Visitor) {
    for answer in calls(backend, visitor).await {
        answer.is_problem(401, "invalid_api_key");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}

/// The actions of the audit log about an organization, the newest first.
async fn actions(service: &Service, organization: &Organization) -> Vec<(String, Value)> {
    let url = format!(
        "{}/v1/admin/audit?organization={}",
        service.admin_url, organization.id
    );
    let audit = http().get(url).bearer_auth(&service.admin_token);
    let events = Answer::to(audit).await.ok()["events"]
        .as_array()
        .unwrap()
        .clone();
    let action = |event: &Value| event["action"].as_str().unwrap().to_owned();
    events
        .iter()
        .map(|event| (action(event), event["details"].clone()))
        .collect()
}

on_both_databases! {
    async fn an_api_key_is_shown_once_and_there_are_two_at_most(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        assert_eq!(organization.api_keys().await, [json!(null); 0]);
        let made = organization.make_api_key().await;
        assert_eq!((made.status, &made.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
        let key = made.body["apiKey"].as_str().unwrap();
        let id = made.body["id"].as_str().unwrap();
        let (start, random) = key.rsplit_once('_').unwrap();
        assert_eq!(start, format!("sk_{}", organization.id.replace('-', "")));
        assert_eq!((random.len(), &random[..8]), (64, id));
        let listed = json!({"id": id, "createdAt": made.body["createdAt"], "lastUsedAt": null});
        let mut with_key = listed.clone();
        with_key["apiKey"] = json!(key);
        assert_eq!(made.body, with_key);
        assert_eq!(organization.api_keys().await, [listed]);

        let second = organization.backend().await;
        assert_ne!(second.key, key);
        let third = organization.make_api_key().await;
        third.is_problem(409, "two_api_keys");
        assert!(third.body["detail"].as_str().unwrap().contains("DELETE"), "{third:?}");
        let ids: Vec<_> = organization.api_keys().await.iter().map(|key| key["id"].clone()).collect();
        assert_eq!(ids, [id, &second.key_id]);
        // Of another organization, or none.
        let other = service.organization().await;
        for (organization, key) in [(&other, id), (&organization, "00000000"), (&organization, "%00")] {
            organization.delete_api_key(key).await.is_problem(404, "api_key_not_found");
        }
        assert_eq!(organization.delete_api_key(id).await.status, 204);
        organization.delete_api_key(id).await.is_problem(404, "api_key_not_found");
        organization.make_api_key().await.ok();
        organization.make_api_key().await.is_problem(409, "two_api_keys");
        let path = format!("/{UNKNOWN}/api-keys");
        for method in [Method::GET, Method::POST] {
            let answer = Answer::to(organization.admin(method, &path)).await;
            answer.is_problem(404, "organization_not_found");
        }
    }

    async fn of_many_api_keys_made_at_once_two_count(database: Database) {
        let service = Service::start(&database);
        for _ in 0..5 {
            let organization = service.organization().await;
            let mut making = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let organization = organization.clone();
                making.spawn(async move { organization.make_api_key().await });
            }
            let (made, refused): (Vec<_>, Vec<_>) =
                making.join_all().await.into_iter().partition(|answer| answer.status == 201);
            assert_eq!(made.len(), 2, "{refused:?}");
            for answer in refused {
                answer.is_problem(409, "two_api_keys");
            }
            assert_eq!(organization.api_keys().await.len(), 2);
        }
    }

    async fn every_change_of_the_api_keys_leaves_a_row_in_the_audit_log(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let first = organization.backend().await;
        organization.delete_api_key(&first.key_id).await.ok();
        organization.delete_api_key(&first.key_id).await.is_problem(404, "api_key_not_found");
        let key: Value = serde_json::from_str(&printed(
            &database, &["org", "api-key", "create", &organization.id, "--json"],
        )).unwrap();
        organization.make_api_key().await.ok();
        organization.make_api_key().await.is_problem(409, "two_api_keys");
        printed(&database, &["org", "api-key", "delete", &organization.id, key["id"].as_str().unwrap()]);
        let mut found = actions(&service, &organization).await;
        found.reverse();
        let about = |action: &str, id: &Value| (action.to_owned(), json!({"apiKeyId": id}));
        let first = json!(first.key_id);
        assert_eq!(found[1..4], [
            about("api_key_created", &first),
            about("api_key_deleted", &first),
            about("api_key_created", &key["id"]),
        ]);
        assert_eq!(found[4].0, "api_key_created");
        assert_eq!(found[5..], [about("api_key_deleted", &key["id"])]);
    }

    async fn a_deleted_api_key_is_refused_at_once_in_every_process(database: Database) {
        let service = Service::start(&database);
        let second = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let [deleted, kept] = [organization.backend().await, organization.backend().await];
        let processes = [organization.clone(), organization.at(&second)];
        for organization in &processes {
            deleted.at(organization).identify(&visitor, json!({"name": "Jane"})).await.ok();
        }
        organization.delete_api_key(&deleted.key_id).await.ok();
        for organization in &processes {
            assert_opens_nothing(&deleted.at(organization), &visitor).await;
            kept.at(organization).identity(&visitor).await.ok();
        }
    }

    async fn a_foreign_or_malformed_api_key_opens_nothing(database: Database) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let visitor = organization.visitor().await;
        let [backend, others] = [organization.backend().await, other.backend().await];
        let (start, random) = backend.key.rsplit_once('_').unwrap();
        let (others_start, _) = others.key.rsplit_once('_').unwrap();
        let mut keys = vec![
            // Another organization's id, with this key's secret.
            format!("{others_start}_{random}"),
            format!("sk_{}_{random}", UNKNOWN.replace('-', "")),
            format!("sk_{}_{random}", organization.id),
            backend.key.to_uppercase(),
            format!("{start}_{}", random.to_uppercase()),
            format!("{start}_{}", "0".repeat(64)),
            format!("{start}_{}{}", &random[..8], "0".repeat(56)),
            format!("{start}_{random}0"),
            format!("{0},{0}", backend.key),
            backend.key[3..].to_owned(),
            backend.key_id.clone(),
            organization.secret.clone(),
            organization.key.clone(),
            visitor.token.clone(),
            service.admin_token.clone(),
            String::new(),
        ];
        keys.extend((0..backend.key.len()).step_by(9).map(|len| backend.key[..len].to_owned()));
        for digit in (0..64).step_by(5) {
            let other = if &random[digit..=digit] == "0" { "1" } else { "0" };
            keys.push(format!("{start}_{}{other}{}", &random[..digit], &random[digit + 1..]));
        }
        for key in keys {
            assert_opens_nothing(&backend.with_key(key), &visitor).await;
        }
        visitor.identity().await.is_no_record();
        backend.identify(&visitor, json!({"name": "Jane"})).await.ok();
        // A key opens nothing of the visitors' or the admin's.
        let as_visitor = visitor.with_token(backend.key.clone());
        as_visitor.identity().await.is_problem(401, "invalid_visitor_token");
        let admin = organization.admin(Method::GET, "").bearer_auth(&backend.key);
        Answer::to(admin).await.is_problem(401, "invalid_admin_token");
    }

    async fn the_last_use_of_an_api_key_is_shown(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let [used, unused] = [organization.backend().await, organization.backend().await];
        let visitor = organization.visitor().await;
        used.identity(&visitor).await.is_no_record();
        let start = Instant::now();
        let keys = loop {
            let keys = organization.api_keys().await;
            if !keys[0]["lastUsedAt"].is_null() {
                break keys;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{keys:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(keys[0]["id"], json!(used.key_id));
        assert!(keys[0]["lastUsedAt"].as_str() > keys[0]["createdAt"].as_str(), "{keys:?}");
        assert_eq!((&keys[1]["id"], &keys[1]["lastUsedAt"]), (&json!(unused.key_id), &json!(null)));
        let list = printed(&database, &["org", "api-key", "list", &organization.id]);
        let lines: Vec<_> = list.lines().collect();
        assert!(lines[0].starts_with(&used.key_id) && lines[0].contains("last used 20"), "{list}");
        assert!(lines[1].starts_with(&unused.key_id) && lines[1].ends_with("not used yet"), "{list}");
    }

    async fn commands_make_list_and_delete_api_keys(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let id = organization.id.as_str();
        let any = organization.backend().await;
        organization.delete_api_key(&any.key_id).await.ok();

        let shown = printed(&database, &["org", "api-key", "create", id]);
        let word = |name: &str| {
            let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().next().unwrap().to_owned()
        };
        let backend = any.with_key(word("API key"));
        backend.identity(&visitor).await.is_no_record();
        let args = ["org", "api-key", "create", id, "--secret-file", "key"];
        let told = printed(&database, &args);
        let file = database.folder().join("key");
        let key = fs::read_to_string(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!told.contains(&key) && !told.contains("sk_"), "{told}");
        any.with_key(key).identity(&visitor).await.is_no_record();

        fails(&output_of(&database, &["org", "api-key", "create", id]), "org api-key delete");
        let json = printed(&database, &["org", "api-key", "list", id, "--json"]);
        let keys: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ids: Vec<_> = keys.iter().map(|key| key["id"].as_str().unwrap()).collect();
        assert_eq!(ids[0], word("id"));
        printed(&database, &["org", "api-key", "delete", id, ids[0]]);
        assert_opens_nothing(&backend, &visitor).await;
        fails(&output_of(&database, &["org", "api-key", "delete", id, ids[0]]), "has no API key");
        for args in [&["create", UNKNOWN][..], &["list", UNKNOWN]] {
            let output = output_of(&database, &[&["org", "api-key"], args].concat());
            fails(&output, "there is no organization");
        }
    }

    async fn an_api_key_that_its_output_does_not_take_does_not_count(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        for output in [Stdio::null(), without_reader(), full.into()] {
            let mut create = command(&database);
            create.args(["org", "api-key", "create", &organization.id]).stdout(output);
            fails(&create.output().unwrap(), "standard output");
        }
        assert_eq!(organization.api_keys().await, [json!(null); 0]);
    }
}

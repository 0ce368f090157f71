//! Token keys: how an organization gets them, how they are kept, and how they end.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use identity_hmac::TokenKey;
use identity_hmac_server::master_key::MasterKeys;
use identity_hmac_server::store::{SealedTokenKey, Store};
use identity_hmac_server::token::VisitorToken;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Answer, Database, Organization, Service, Visitor, command, http, on_both_databases, serve,
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

/// The token keys as a visitor's call meets them.
async fn sealed(database: &Database, visitor: &Visitor) -> Vec<SealedTokenKey> {
    let store = Store::open(&database.url, 1).unwrap();
    let token = VisitorToken::parse(&visitor.token).unwrap();
    let mut session = store.session().await.unwrap();
    let caller = session.caller(&token, 0, true).await.unwrap().unwrap();
    drop(session);
    store.close().await;
    caller.token_keys
}

fn ids(organization: &Organization, key: &SealedTokenKey) -> (Uuid, String) {
    (organization.id.parse().unwrap(), key.kid.clone())
}

on_both_databases! {
    async fn a_token_key_is_shown_once_and_there_are_two_at_most(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        assert_eq!(organization.token_keys().await, [json!(null); 0]);
        let made = organization.make_token_key().await;
        assert_eq!((made.status, &made.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
        let kid = made.body["kid"].as_str().unwrap();
        let key = TokenKey::parse(made.body["key"].as_str().unwrap()).unwrap();
        assert_eq!(key.key_id(), kid);
        let listed = json!({"kid": kid, "createdAt": made.body["createdAt"], "lastUsedAt": null});
        let mut with_key = listed.clone();
        with_key["key"] = made.body["key"].clone();
        assert_eq!(made.body, with_key);
        assert_eq!(organization.token_keys().await, [listed]);

        let second = organization.make_token_key().await.ok();
        assert_ne!(second["key"], made.body["key"]);
        let third = organization.make_token_key().await;
        third.is_problem(409, "two_token_keys");
        assert!(third.body["detail"].as_str().unwrap().contains("DELETE"), "{third:?}");
        let kids: Vec<_> = organization.token_keys().await.iter().map(|key| key["kid"].clone()).collect();
        assert_eq!(kids, [json!(kid), second["kid"].clone()]);
        // Of another organization, or none.
        let other = service.organization().await;
        for (organization, kid) in [(&other, kid), (&organization, "00000000"), (&organization, "%00")] {
            organization.delete_token_key(kid).await.is_problem(404, "token_key_not_found");
        }
        assert_eq!(organization.delete_token_key(kid).await.status, 204);
        organization.delete_token_key(kid).await.is_problem(404, "token_key_not_found");
        organization.make_token_key().await.ok();
        organization.make_token_key().await.is_problem(409, "two_token_keys");
        let path = format!("/{UNKNOWN}/token-keys");
        for method in [Method::GET, Method::POST] {
            let answer = Answer::to(organization.admin(method, &path)).await;
            answer.is_problem(404, "organization_not_found");
        }
    }

    async fn of_many_token_keys_made_at_once_two_count(database: Database) {
        let service = Service::start(&database);
        for _ in 0..5 {
            let organization = service.organization().await;
            let mut making = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let organization = organization.clone();
                making.spawn(async move { organization.make_token_key().await });
            }
            let (made, refused): (Vec<_>, Vec<_>) =
                making.join_all().await.into_iter().partition(|answer| answer.status == 201);
            assert_eq!(made.len(), 2, "{refused:?}");
            for answer in refused {
                answer.is_problem(409, "two_token_keys");
            }
            assert_eq!(organization.token_keys().await.len(), 2);
        }
    }

    async fn every_change_of_the_token_keys_leaves_a_row_in_the_audit_log(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let id = organization.id.as_str();
        let first = organization.make_token_key().await.ok();
        let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
        organization.delete_token_key(&kid(&first)).await.ok();
        organization.delete_token_key(&kid(&first)).await.is_problem(404, "token_key_not_found");
        let second: Value = serde_json::from_str(&printed(
            &database, &["org", "token-key", "create", id, "--json"],
        )).unwrap();
        printed(&database, &["org", "token-key", "delete", id, &kid(&second)]);
        let url = format!("{}/v1/admin/audit?organization={id}", service.admin_url);
        let audit = Answer::to(http().get(url).bearer_auth(&service.admin_token)).await.ok();
        let events: Vec<_> = audit["events"].as_array().unwrap().iter().rev().collect();
        let expected = [
            ("token_key_created", &first),
            ("token_key_deleted", &first),
            ("token_key_created", &second),
            ("token_key_deleted", &second),
        ];
        assert_eq!(events.len(), 1 + expected.len(), "{events:?}");
        for (event, (action, key)) in events[1..].iter().zip(expected) {
            assert_eq!(event["action"], action);
            assert_eq!(event["details"], json!({"kid": key["kid"]}));
        }
    }

    async fn commands_make_list_and_delete_token_keys(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let id = organization.id.as_str();
        let shown = printed(&database, &["org", "token-key", "create", id]);
        let word = |name: &str| {
            let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().next().unwrap().to_owned()
        };
        assert_eq!(TokenKey::parse(&word("token key")).unwrap().key_id(), word("kid"));
        let args = ["org", "token-key", "create", id, "--secret-file", "key"];
        let told = printed(&database, &args);
        let file = database.folder().join("key");
        let text = fs::read_to_string(&file).unwrap();
        let key = TokenKey::parse(&text).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!told.contains("itk_") && told.contains(key.key_id()), "{told}");

        fails(&output_of(&database, &["org", "token-key", "create", id]), "org token-key delete");
        let kids = [word("kid"), key.key_id().to_owned()];
        let json = printed(&database, &["org", "token-key", "list", id, "--json"]);
        let listed: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(listed, organization.token_keys().await);
        let listed: Vec<_> = listed.iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(listed, kids);
        let list = printed(&database, &["org", "token-key", "list", id]);
        assert!(list.starts_with(&kids[0]) && list.ends_with("not used yet\n"), "{list}");
        printed(&database, &["org", "token-key", "delete", id, &kids[0]]);
        assert_eq!(organization.token_keys().await.len(), 1);
        let again = output_of(&database, &["org", "token-key", "delete", id, &kids[0]]);
        fails(&again, "has no token key");
        for args in [&["create", UNKNOWN][..], &["list", UNKNOWN]] {
            let output = output_of(&database, &[&["org", "token-key"], args].concat());
            fails(&output, "there is no organization");
        }
    }

    async fn a_token_key_that_its_output_does_not_take_does_not_count(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        for output in [Stdio::null(), without_reader(), full.into()] {
            let mut create = command(&database);
            create.args(["org", "token-key", "create", &organization.id]).stdout(output);
            fails(&create.output().unwrap(), "standard output");
        }
        assert_eq!(organization.token_keys().await, [json!(null); 0]);
    }

    async fn a_call_finds_the_token_keys_of_its_organization_the_newest_first(database: Database) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let visitor = organization.visitor().await;
        other.make_token_key().await.ok();
        assert_eq!(sealed(&database, &visitor).await.len(), 0);
        let first = organization.make_token_key().await.ok();
        let second = organization.make_token_key().await.ok();
        organization.delete_token_key(first["kid"].as_str().unwrap()).await.ok();
        // It has the place of the first, which does not make it older.
        let third = organization.make_token_key().await.ok();
        let found = sealed(&database, &visitor).await;
        let kids: Vec<_> = found.iter().map(|key| json!(key.kid)).collect();
        assert_eq!(kids, [third["kid"].clone(), second["kid"].clone()]);
    }

    async fn token_keys_are_sealed_again_when_the_master_key_is_rotated(database: Database) {
        let [old, new] = ["bb".repeat(32), "aa".repeat(32)];
        let with = |mut command: std::process::Command, keys: &str| {
            command.env_remove("IDENTITY_MASTER_KEY").env("IDENTITY_MASTER_KEYS", keys);
            command
        };
        let service = Service::start_command(&database, with(serve(&database, &[]), &old));
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let key = organization.make_token_key().await.ok();
        let opens = |keys: &str, sealed: &SealedTokenKey| {
            let (organization, kid) = ids(&organization, sealed);
            let keys = MasterKeys::parse(keys).unwrap();
            keys.open((organization, kid.as_str()), &sealed.sealed).ok()
        };
        let before = sealed(&database, &visitor).await.remove(0);
        assert_eq!(opens(&old, &before).unwrap().as_slice(), key["key"].as_str().unwrap().as_bytes());
        assert_eq!(opens(&new, &before), None);
        drop(service);

        let mut rotate = with(command(&database), &format!("{new},{old}"));
        let rotated = rotate.arg("rotate-master-key").output().unwrap();
        assert!(rotated.status.success(), "{rotated:?}");
        // The organization's secret and its token key.
        let told = String::from_utf8(rotated.stdout).unwrap();
        assert!(told.starts_with("secrets sealed with the new master key: 2;"), "{told}");
        let after = sealed(&database, &visitor).await.remove(0);
        assert_eq!(opens(&new, &after).unwrap().as_slice(), key["key"].as_str().unwrap().as_bytes());
        assert_eq!(opens(&old, &after), None);
    }
}

//! The policy of an organization: what it may be, and that one which requires proof leaves a key for it.

use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Database, Organization, Service, command, on_both_databases};

fn output_of(database: &Database, args: &[&str]) -> Output {
    command(database).args(args).output().unwrap()
}

fn printed(database: &Database, args: &[&str]) -> String {
    let output = output_of(database, args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn make_token_key(organization: &Organization) -> String {
    let made = organization.make_token_key().await.ok();
    made["kid"].as_str().unwrap().to_owned()
}

/// Shows that a change is refused and nothing of it is done.
async fn assert_leaves_no_key(organization: &Organization, changes: Value) {
    let before = organization.read().await;
    let answer = organization.update(changes).await;
    answer.is_problem(409, "no_usable_key");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("make a token key first"), "{detail}");
    assert_eq!(organization.read().await, before);
}

on_both_databases! {
    async fn each_part_of_the_policy_is_changed_by_itself(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let mut expected = organization.read().await;
        for (name, value) in [
            ("acceptedProofs", json!(["token"])),
            ("acceptedProofs", json!(["hmac"])),
            ("acceptedProofs", json!(["hmac", "token"])),
            ("unsignedAttributes", json!("reject")),
            ("unsignedAttributes", json!("ignore")),
            ("identitySession", json!(300)),
            ("identitySession", json!(2_592_000)),
            ("maxTokenLifetime", json!(60)),
            ("maxTokenLifetime", json!(86_400)),
            ("tokensValidAfter", json!("2026-01-31T12:00:00.25Z")),
        ] {
            expected[name] = value.clone();
            assert_eq!(organization.update(json!({name: value})).await.ok(), expected);
            assert_eq!(organization.read().await, expected);
        }
        organization.verification("observe").await;
        expected["verification"] = json!("observe");
        assert_eq!(organization.read().await, expected);
        let elsewhere = json!({"tokensValidAfter": "2026-01-31T13:00:00+01:00"});
        let changed = organization.update(elsewhere).await.ok();
        assert_eq!(changed["tokensValidAfter"], "2026-01-31T12:00:00Z");
        let changed = organization.update(json!({"tokensValidAfter": null})).await.ok();
        assert_eq!(changed["tokensValidAfter"], json!(null));
        let audit = printed(&database, &["audit", "list", "--organization", &organization.id, "--json"]);
        let details = |line: &str| serde_json::from_str::<Value>(line).unwrap()["details"].clone();
        let events: Vec<_> = audit.lines().map(details).collect();
        assert_eq!(events[0], json!({"tokensValidAfter": null}));
        assert_eq!(events[3], json!({"tokensValidAfter": "2026-01-31T12:00:00.25Z"}));
        assert_eq!(events[12], json!({"acceptedProofs": ["token"]}));
    }

    async fn a_policy_beyond_its_limits_is_refused_by_name(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let before = organization.read().await;
        for (name, values) in [
            ("acceptedProofs", json!([null, "hmac", [], [null], ["hmac", "none"], ["Hmac"]])),
            ("unsignedAttributes", json!([null, "", "Ignore", "keep", 7, ["ignore"]])),
            ("identitySession", json!([null, 0, -300, 299, 2_592_001, 300.5, "300", 1e30])),
            ("maxTokenLifetime", json!([null, 0, -60, 59, 86_401, 60.5, "60"])),
            ("tokensValidAfter", json!([
                "", "now", "2026-01-31", "2026-01-31T12:00:00", 1_800_000_000,
                "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59",
            ])),
        ] {
            for value in values.as_array().unwrap() {
                let answer = organization.update(json!({name: value})).await;
                answer.is_problem(422, "invalid_request");
                assert_eq!(answer.body["field"], name, "{value}: {answer:?}");
                let new = json!({"name": "Shop", name: value});
                let answer = Answer::to(organization.admin(Method::POST, "").json(&new)).await;
                answer.is_problem(422, "invalid_request");
            }
        }
        assert_eq!(organization.read().await, before);
    }

    async fn an_organization_that_requires_a_token_keeps_a_key_for_it(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let token_alone = json!({"acceptedProofs": ["token"]});
        let strictest = json!({"name": "A", "verification": "required", "acceptedProofs": ["token"]});
        let created = organization.admin(Method::POST, "").json(&strictest);
        Answer::to(created).await.is_problem(409, "no_usable_key");
        let listed = Answer::to(organization.admin(Method::GET, "")).await.ok();
        assert_eq!(listed["organizations"].as_array().unwrap().len(), 1);

        // The hmac has a key always.
        organization.verification("required").await;
        assert_leaves_no_key(&organization, token_alone.clone()).await;
        organization.verification("observe").await;
        organization.update(token_alone.clone()).await.ok();
        assert_leaves_no_key(&organization, json!({"verification": "required"})).await;
        // Changes of something else are not in its way.
        organization.update(json!({"name": "B", "identitySession": 600})).await.ok();

        let kids = [make_token_key(&organization).await, make_token_key(&organization).await];
        organization.verification("required").await;
        organization.delete_token_key(&kids[0]).await.ok();
        organization.delete_token_key(&kids[1]).await.is_problem(409, "no_usable_key");
        assert_eq!(organization.token_keys().await.len(), 1);
        let id = organization.id.as_str();
        let refused = output_of(&database, &["org", "token-key", "delete", id, &kids[1]]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("make a token key first"), "{said}");
        let audit = printed(&database, &["audit", "list", "--organization", id]);
        assert_eq!(audit.matches("token_key_deleted").count(), 1, "{audit}");

        for looser in [json!({"acceptedProofs": ["hmac", "token"]}), json!({"verification": "observe"})] {
            organization.update(token_alone.clone()).await.ok();
            organization.verification("required").await;
            organization.update(looser).await.ok();
            let kid = organization.token_keys().await[0]["kid"].as_str().unwrap().to_owned();
            organization.delete_token_key(&kid).await.ok();
            make_token_key(&organization).await;
        }
    }

    async fn of_a_narrower_policy_and_the_end_of_the_last_key_at_once_one_is_refused(
        database: Database
    ) {
        let service = Service::start(&database);
        for _ in 0..20 {
            let organization = service.organization().await;
            organization.verification("required").await;
            let kid = make_token_key(&organization).await;
            let (narrowed, deleted) = tokio::join!(
                organization.update(json!({"acceptedProofs": ["token"]})),
                organization.delete_token_key(&kid),
            );
            let refused = match (narrowed.status, deleted.status) {
                (200, 409) => deleted,
                (409, 204) => narrowed,
                _ => panic!("{narrowed:?} {deleted:?}"),
            };
            refused.is_problem(409, "no_usable_key");
            let is_narrow = organization.read().await["acceptedProofs"] == json!(["token"]);
            assert_eq!(organization.token_keys().await.len(), usize::from(is_narrow));
        }
    }

    async fn a_command_shows_and_changes_the_policy(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let id = organization.id.as_str();
        let line = |shown: &str, name: &str| {
            let line = shown.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        let shown = printed(&database, &["org", "policy", id]);
        assert_eq!(line(&shown, "accepted proofs"), "hmac,token");
        assert_eq!(line(&shown, "identity tokens"), "none revoked");
        let shown = printed(&database, &[
            "org", "policy", id, "--accepted-proofs=token", "--unsigned-attributes=reject",
            "--identity-session=600", "--max-token-lifetime=120",
            "--tokens-valid-after=2026-01-31T12:00:00Z", "--json",
        ]);
        let policy: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(policy, json!({
            "acceptedProofs": ["token"],
            "unsignedAttributes": "reject",
            "identitySession": 600,
            "maxTokenLifetime": 120,
            "tokensValidAfter": "2026-01-31T12:00:00Z",
        }));
        let read = organization.read().await;
        for (name, value) in policy.as_object().unwrap() {
            assert_eq!(read[name], *value);
        }
        let shown = printed(&database, &["org", "policy", id, "--tokens-valid-after=none"]);
        assert_eq!(line(&shown, "identity tokens"), "none revoked");
        assert_eq!(line(&shown, "attributes"), "unsigned: reject");
        assert!(printed(&database, &["org", "show", id]).contains(&shown), "{shown}");
        let required = output_of(&database, &["org", "verification", id, "required"]);
        assert_eq!(required.status.code(), Some(1), "{required:?}");

        let create = ["org", "create", "Shop", "--accepted-proofs=hmac", "--identity-session=300", "--json"];
        let created: Value = serde_json::from_str(&printed(&database, &create)).unwrap();
        assert_eq!(created["acceptedProofs"], json!(["hmac"]));
        assert_eq!((&created["identitySession"], &created["maxTokenLifetime"]), (&json!(300), &json!(3600)));
        for wrong in [
            "--accepted-proofs=", "--accepted-proofs=none", "--unsigned-attributes=keep",
            "--identity-session=299", "--max-token-lifetime=86401", "--tokens-valid-after=now",
        ] {
            let refused = output_of(&database, &["org", "policy", id, wrong]);
            assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        }
    }
}

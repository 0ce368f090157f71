//! What was done by admins, as the admin reads it.

use std::process::Command;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Organization, Service, Session, command, http, on_both_databases,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";

fn audit(service: &Service, query: &str) -> RequestBuilder {
    http()
        .get(format!("{}/v1/admin/audit{query}", service.admin_url))
        .bearer_auth(&service.admin_token)
}

/// The rows of the audit log, the newest first.
async fn events(service: &Service) -> Vec<Value> {
    let answer = Answer::to(audit(service, "?limit=100")).await.ok();
    assert_eq!(answer["nextCursor"], json!(null));
    answer["events"].as_array().unwrap().clone()
}

async fn call(organization: &Organization, method: Method, path: &str) -> Answer {
    Answer::to(organization.admin(method, &format!("/{}{path}", organization.id))).await
}

fn printed(database: &Database, args: &[&str]) -> String {
    let output = command(database).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn command_actor() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    format!(
        "command:{}",
        String::from_utf8(output.stdout).unwrap().trim()
    )
}

async fn identity(organization: &Organization) -> String {
    let visitor = organization.visitor().await;
    let record = visitor.identify(json!({"name": "Canary Jane"})).await.ok();
    record["id"].as_str().unwrap().to_owned()
}

on_both_databases! {
    async fn every_action_of_an_admin_leaves_one_row(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let id = organization.id.clone();
        let [first, second] = [identity(&organization).await, identity(&organization).await];
        for _ in 0..3 {
            let told = json!({"externalId": "canary-7", "email": "canary@example.com"});
            organization.visitor().await.identify(told).await.ok();
        }
        let changes = json!({"verification": "observe", "allowedOrigins": ["https://a.example"]});
        organization.update(changes.clone()).await.ok();
        organization.rotate_secret().await;
        call(&organization, Method::DELETE, "/previous-secret").await.ok();
        call(&organization, Method::POST, "/revoke-visitor-tokens").await.ok();
        call(&organization, Method::DELETE, &format!("/identities/{first}")).await.ok();
        call(&organization, Method::DELETE, "/identities?externalId=canary-7").await.ok();
        for args in [
            &["org", "verification", &id, "off"][..],
            &["org", "rotate-secret", &id],
            &["org", "retire-previous-secret", &id],
            &["identity", "delete", &id, &second],
            &["reset-admin-token"],
        ] {
            printed(&database, args);
        }
        let created: Value =
            serde_json::from_str(&printed(&database, &["org", "create", "B", "--json"])).unwrap();

        let by_http = "admin-token".to_owned();
        let by_command = command_actor();
        let row = |actor: &String, action: &str, organization: Value, details: Value| {
            json!({"actor": actor, "action": action, "organizationId": organization, "details": details})
        };
        let new = |name: &str| {
            json!({"name": name, "verification": "off", "allowedOrigins": []})
        };
        let expected = [
            row(&by_http, "organization_created", json!(id), new("Corner Shop")),
            row(&by_http, "organization_updated", json!(id), changes),
            row(&by_http, "secret_rotated", json!(id), json!({})),
            row(&by_http, "previous_secret_retired", json!(id), json!({})),
            row(&by_http, "visitor_tokens_revoked", json!(id), json!({})),
            row(&by_http, "identity_erased", json!(id), json!({"identityId": first})),
            row(&by_http, "person_erased", json!(id), json!({"records": 3})),
            row(&by_command, "organization_updated", json!(id), json!({"verification": "off"})),
            row(&by_command, "secret_rotated", json!(id), json!({})),
            row(&by_command, "previous_secret_retired", json!(id), json!({})),
            row(&by_command, "identity_erased", json!(id), json!({"identityId": second})),
            row(&by_command, "admin_token_reset", json!(null), json!({})),
            row(&by_command, "organization_created", created["id"].clone(), new("B")),
        ];
        let mut found = events(&service).await;
        found.reverse();
        for event in &mut found {
            let event = event.as_object_mut().unwrap();
            assert!(event.remove("id").is_some());
            assert!(event.remove("at").unwrap().as_str().unwrap().ends_with('Z'));
        }
        assert_eq!(found, expected);
    }

    async fn calls_that_read_or_are_refused_leave_no_row(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let other = service.organization().await;
        let identity = identity(&organization).await;
        organization.rotate_secret().await;
        let before = events(&service).await;
        for path in ["", "/identities?email=canary@example.com", "/verification-stats"] {
            call(&organization, Method::GET, path).await.ok();
        }
        for (method, path, status) in [
            (Method::POST, "/rotate-secret", 409),
            (Method::DELETE, "/identities/nobody", 404),
            (Method::DELETE, "/identities?email=nobody@example.com", 200),
            (Method::DELETE, "/identities", 422),
            (Method::DELETE, &format!("/identities/{UNKNOWN}"), 404),
        ] {
            assert_eq!(call(&organization, method, path).await.status, status);
        }
        let path = format!("/identities/{identity}");
        assert_eq!(call(&other, Method::DELETE, &path).await.status, 404);
        assert_eq!(organization.update(json!({"name": ""})).await.status, 422);
        organization.update(json!({})).await.ok();
        let refused = http().get(format!("{}/v1/admin/audit", service.admin_url)).bearer_auth("a guess");
        Answer::to(refused).await.is_problem(401, "invalid_admin_token");
        let path = format!("/{UNKNOWN}");
        let unknown = organization.admin(Method::PATCH, &path).json(&json!({"name": "X"}));
        assert_eq!(Answer::to(unknown).await.status, 404);
        for args in [&["org", "list"][..], &["org", "retire-previous-secret", UNKNOWN]] {
            command(&database).args(args).output().unwrap();
        }
        assert_eq!(events(&service).await, before);
    }

    async fn an_action_whose_row_cannot_be_written_is_not_done(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let identity = identity(&organization).await;
        organization.visitor().await.identify(json!({"externalId": "canary-7"})).await.ok();
        let mut session = Session::open(&database).await;
        let before = session.rows().await;
        session.execute("ALTER TABLE audit_events RENAME TO hidden").await;
        let path = format!("/identities/{identity}");
        for answer in [
            organization.update(json!({"name": "Other"})).await,
            call(&organization, Method::POST, "/rotate-secret").await,
            call(&organization, Method::DELETE, "/previous-secret").await,
            call(&organization, Method::POST, "/revoke-visitor-tokens").await,
            call(&organization, Method::DELETE, &path).await,
            call(&organization, Method::DELETE, "/identities?externalId=canary-7").await,
            Answer::to(organization.admin(Method::POST, "").json(&json!({"name": "New"}))).await,
        ] {
            answer.is_problem(503, "unavailable");
        }
        session.execute("ALTER TABLE hidden RENAME TO audit_events").await;
        assert_eq!(session.rows().await, before);
    }

    async fn no_secret_and_nothing_of_a_person_is_in_the_audit_log(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let visitor = organization.visitor().await;
        let told = json!({"name": "Canary Jane", "email": "canary@example.com",
            "externalId": "canary-7", "metadata": {"canary": true}});
        let identity = visitor.identify(told).await.ok();
        let first = organization.secret.clone();
        organization.rotate_secret().await;
        let path = format!("/identities/{}", identity["id"].as_str().unwrap());
        call(&organization, Method::DELETE, &path).await.ok();
        organization.visitor().await.identify(json!({"email": "canary@example.com"})).await.ok();
        call(&organization, Method::DELETE, "/identities?email=canary@example.com").await.ok();
        let token = printed(&database, &["reset-admin-token"]);
        let log = printed(&database, &["audit", "list", "--json"]);
        assert_eq!(log.lines().count(), 5, "{log}");
        assert!(log.contains("Corner Shop") && log.contains("person_erased"), "{log}");
        for private in [
            "anary", &first, &organization.secret, &service.admin_token, token.trim(),
            &visitor.token, &visitor.id,
        ] {
            assert!(!log.contains(private), "{private} is in {log}");
        }
    }

    async fn the_audit_log_is_read_in_parts_and_by_organization(database: Database) {
        let service = Service::start(&database);
        let [one, two] = [service.organization().await, service.organization().await];
        for _ in 0..4 {
            one.verification("observe").await;
            two.verification("observe").await;
        }
        let all = events(&service).await;
        assert_eq!(all.len(), 2 * 5);
        let mut parts = Vec::new();
        let mut cursor = String::new();
        loop {
            let query = format!("?organization={}&limit=2{cursor}", one.id);
            let part = Answer::to(audit(&service, &query)).await.ok();
            parts.extend(part["events"].as_array().unwrap().clone());
            // What is added meanwhile is newer than any part that comes.
            one.verification("off").await;
            let Value::String(next) = &part["nextCursor"] else { break };
            cursor = format!("&cursor={next}");
        }
        let expected: Vec<_> = all
            .iter()
            .filter(|event| event["organizationId"] == json!(one.id))
            .cloned()
            .collect();
        assert_eq!(parts, expected);
        let unknown = Answer::to(audit(&service, &format!("?organization={UNKNOWN}"))).await.ok();
        assert_eq!(unknown, json!({"events": [], "nextCursor": null}));
        for query in ["?limit=0", "?limit=101", "?organization=x", "?cursor=x", "?actor=x"] {
            Answer::to(audit(&service, query)).await.is_problem(422, "invalid_request");
        }

        let args = ["audit", "list", "--organization", &two.id, "--limit=2", "--json"];
        let lines = printed(&database, &args);
        let newest: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected: Vec<_> = all
            .iter()
            .filter(|event| event["organizationId"] == json!(two.id))
            .take(2)
            .cloned()
            .collect();
        assert_eq!(newest, expected);
        let text = printed(&database, &["audit", "list"]);
        let words: Vec<_> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(words[1..4], ["admin-token", "organization_created", &one.id]);
    }
}

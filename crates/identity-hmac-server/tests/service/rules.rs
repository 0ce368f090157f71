//! The document's rules, a test each, and rotation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Organization, Service, Visitor, on_both_databases, without_postgres,
};

/// What required refuses although it is there.
fn wrong_hmacs(signed: &str) -> Vec<Value> {
    vec![
        json!("0".repeat(64)),
        json!(format!("{}0", &signed[..63])),
        json!(&signed[..63]),
        json!(format!("{signed}0")),
        json!(format!(" {signed}")),
        json!(format!("0x{}", &signed[2..])),
        json!("é".repeat(32)),
        json!(""),
        json!(7),
        json!(false),
        json!([signed]),
        json!({"hmac": signed}),
    ]
    .into_iter()
    .filter(|hmac| hmac != signed)
    .collect()
}

/// How often `identify()` came to this result under this mode.
async fn count(service: &Service, mode: &str, result: &str) -> usize {
    let series = format!(r#"identity_hmac_identify_total{{mode="{mode}",result="{result}"}}"#);
    service.count(&series).await
}

async fn signed(organization: &Organization, visitor: &Visitor) -> Answer {
    let hmac = organization.sign(visitor);
    visitor.identify(json!({"hmac": hmac})).await
}

on_both_databases! {
    /// "By default, identity verification is disabled." "When disabled, the hmac is ignored."
    async fn verification_is_off_by_default_and_off_ignores_the_hmac(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let signed = organization.sign(&visitor);
        let mut hmacs = wrong_hmacs(&signed);
        hmacs.extend([json!(null), json!(signed)]);
        for hmac in &hmacs {
            let result = visitor
                .identify(json!({"name": "Jane", "hmac": hmac}))
                .await
                .ok();
            assert_eq!(result["hmacVerified"], false, "{hmac}");
        }
        assert_eq!(count(&service, "off", "ignored").await, hmacs.len());
    }

    /// "HMAC verification is configured per organization."
    async fn verification_is_set_for_one_organization_and_no_other(database: Database) {
        let service = Service::start(&database);
        let (strict, lax) = (service.organization().await, service.organization().await);
        strict.verification("required").await;
        let (strict, lax) = (strict.visitor().await, lax.visitor().await);
        strict
            .identify(json!({}))
            .await
            .is_problem(403, "hmac_required");
        lax.identify(json!({})).await.ok();
    }

    /// "When enabled, unsigned `identify()` calls are rejected with an error."
    async fn required_refuses_an_unsigned_call(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        for params in [
            json!({"name": "Jane"}),
            json!({"name": "Jane", "hmac": null}),
            json!({}),
        ] {
            visitor
                .identify(params)
                .await
                .is_problem(403, "hmac_required");
        }
        visitor
            .identity()
            .await.is_no_record();
        assert_eq!(count(&service, "required", "missing").await, 3);
    }

    /// "HMAC verification failed: the signature does not match."
    async fn required_refuses_a_wrong_signature(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let hmacs = wrong_hmacs(&organization.sign(&visitor));
        for hmac in &hmacs {
            let answer = visitor
                .identify(json!({"name": "Jane", "hmac": hmac}))
                .await;
            answer.is_problem(403, "hmac_verification_failed");
            assert_eq!(answer.body["detail"], "HMAC verification failed");
        }
        visitor
            .identity()
            .await.is_no_record();
        assert_eq!(count(&service, "required", "invalid").await, hmacs.len());
    }

    async fn required_accepts_a_signature_in_either_case(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        for hmac in [hmac.to_uppercase(), hmac] {
            let result = visitor
                .identify(json!({"name": "Jane", "hmac": hmac}))
                .await
                .ok();
            assert_eq!(result["hmacVerified"], true, "{hmac}");
        }
        assert_eq!(count(&service, "required", "verified_current").await, 2);
    }

    async fn a_wrong_and_a_stale_signature_look_alike_from_outside(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let stale = organization.sign(&visitor);
        organization.rotate_secret().await;
        organization.retire_previous_secret().await;
        let look = async |hmac: Value| {
            let mut answer = visitor.identify(json!({"hmac": hmac})).await;
            answer.is_problem(403, "hmac_verification_failed");
            let id = answer.headers.remove("x-request-id").unwrap();
            answer.headers.remove("date").unwrap();
            (
                answer.headers,
                answer.text.replace(id.to_str().unwrap(), "ID"),
            )
        };
        let stale = look(json!(stale)).await;
        for wrong in [json!("0".repeat(64)), json!(""), json!(7)] {
            assert_eq!(look(wrong).await, stale);
        }
    }

    /// "Multiple calls update the same identity record — they do not create duplicates."
    async fn several_calls_update_one_record(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let first = visitor
            .identify(json!({"name": "Jane", "metadata": {"a": 1}}))
            .await
            .ok();
        let second = visitor
            .identify(json!({"email": "jane@example.com"}))
            .await
            .ok();
        let third = visitor
            .identify(json!({"name": "Jane Doe", "metadata": {"b": 2}}))
            .await
            .ok();
        let expected = json!({
            "id": first["id"],
            "anonymousUserId": visitor.id,
            "externalId": null,
            "email": "jane@example.com",
            "name": "Jane Doe",
            "metadata": {"a": 1, "b": 2},
            "hmacVerified": false,
            "personId": null,
            "verification": null,
            "verifiedAttributes": [],
            "ignored": [],
        });
        assert_eq!(second["id"], first["id"]);
        assert_eq!(third, expected);
        let path = format!("/{}/identities", organization.id);
        let listed = Answer::to(organization.admin(Method::GET, &path))
            .await
            .ok();
        assert_eq!(listed["identities"].as_array().unwrap().len(), 1);
        assert_eq!(listed["identities"][0]["id"], first["id"]);
    }

    /// The document's `IdentityResult`, and what is verified of it.
    async fn the_result_has_the_documents_fields_and_what_is_verified(database: Database) {
        let service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        let empty = visitor.identify(json!({})).await.ok();
        assert_eq!(
            empty,
            json!({
                "id": empty["id"],
                "anonymousUserId": visitor.id,
                "externalId": null,
                "email": null,
                "name": null,
                "metadata": null,
                "hmacVerified": false,
                "personId": null,
                "verification": null,
                "verifiedAttributes": [],
                "ignored": [],
            })
        );
        assert_ne!(empty["id"], empty["anonymousUserId"]);
        // The document's own example.
        let params = json!({
            "name": "Jane Doe",
            "email": "jane@example.com",
            "externalId": "user_123",
            "metadata": {"plan": "premium", "signupDate": "2025-01-15"},
        });
        let mut expected = empty;
        for (name, value) in params.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(visitor.identify(params).await.ok(), expected);
    }

    async fn hmac_verified_tells_of_the_last_call_alone(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        for (hmac, verified) in [
            (json!(hmac), true),
            (json!(null), false),
            (json!(hmac), true),
            (json!("0".repeat(64)), false),
        ] {
            let result = visitor.identify(json!({"hmac": hmac})).await.ok();
            assert_eq!(result["hmacVerified"], verified, "{hmac}");
            assert_eq!(visitor.identity().await.ok(), result);
        }
        organization.verification("off").await;
        let result = visitor.identify(json!({"hmac": hmac})).await.ok();
        assert_eq!(result["hmacVerified"], false);
    }

    async fn observe_accepts_every_call_and_counts_what_required_would_refuse(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        let wrong = wrong_hmacs(&hmac);
        for hmac in wrong.iter().chain([&json!(null), &json!(hmac)]) {
            let result = visitor.identify(json!({"hmac": hmac})).await.ok();
            assert_eq!(result["hmacVerified"], *hmac == organization.sign(&visitor));
        }
        visitor.identify(json!({})).await.ok();
        assert_eq!(count(&service, "observe", "invalid").await, wrong.len());
        assert_eq!(count(&service, "observe", "missing").await, 2);
        assert_eq!(count(&service, "observe", "verified_current").await, 1);
    }

    /// The first of the protocol's limits.
    async fn the_hmac_covers_the_visitor_id_and_nothing_else(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        for name in ["Jane", "Mallory"] {
            let result = visitor
                .identify(json!({"name": name, "hmac": hmac}))
                .await
                .ok();
            assert_eq!(
                (&result["name"], &result["hmacVerified"]),
                (&json!(name), &json!(true))
            );
        }
    }

    async fn the_hmac_of_another_visitor_or_organization_is_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let (visitor, other) = (organization.visitor().await, organization.visitor().await);
        let stranger = service.organization().await;
        for hmac in [organization.sign(&other), stranger.sign(&visitor)] {
            let answer = visitor.identify(json!({"hmac": hmac})).await;
            answer.is_problem(403, "hmac_verification_failed");
        }
        signed(&organization, &visitor).await.ok();
    }

    async fn a_refused_call_changes_nothing_in_the_record(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);
        let params = json!({
            "name": "Jane", "email": "jane@example.com", "externalId": "1", "metadata": {"a": 1},
            "hmac": hmac,
        });
        visitor.identify(params).await.ok();
        let path = format!("/{}/identities", organization.id);
        let record = async || {
            Answer::to(organization.admin(Method::GET, &path))
                .await
                .ok()
        };
        let before = record().await;
        for hmac in [json!(null), json!("0".repeat(64))] {
            let params = json!({
                "name": "Mallory", "email": null, "externalId": "2", "metadata": {"a": null},
                "hmac": hmac,
            });
            assert_eq!(visitor.identify(params).await.status, 403);
            assert_eq!(record().await, before);
        }
        // A call that is signed and not well formed neither.
        let params = json!({"name": "Mallory", "email": 7, "hmac": hmac});
        visitor
            .identify(params)
            .await
            .is_problem(422, "invalid_request");
        assert_eq!(record().await, before);
    }

    async fn both_secrets_verify_until_the_previous_one_is_retired(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let before = organization.clone();
        organization.rotate_secret().await;
        for (organization, result) in [
            (&before, "verified_previous"),
            (&organization, "verified_current"),
        ] {
            let verified = signed(organization, &visitor).await.ok();
            assert_eq!(verified["hmacVerified"], true);
            assert_eq!(count(&service, "required", result).await, 1, "{result}");
        }
        organization.retire_previous_secret().await;
        signed(&before, &visitor)
            .await
            .is_problem(403, "hmac_verification_failed");
        signed(&organization, &visitor).await.ok();
        assert_eq!(count(&service, "required", "verified_previous").await, 1);
        assert_eq!(count(&service, "required", "verified_current").await, 2);
    }
}

#[tokio::test]
async fn a_change_by_one_process_counts_at_once_in_every_process_on_the_same_postgres() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let (here, there) = (Service::start(&database), Service::start(&database));
    let mut organization = here.organization().await;
    let visitor = organization.visitor().await.at(&there);
    let old = organization.clone();

    visitor.identify(json!({})).await.ok();
    organization.verification("required").await;
    let unsigned = visitor.identify(json!({})).await;
    unsigned.is_problem(403, "hmac_required");

    organization.rotate_secret().await;
    signed(&organization, &visitor).await.ok();
    signed(&old, &visitor).await.ok();
    let previous = r#"identity_hmac_identify_total{mode="required",result="verified_previous"}"#;
    assert_eq!(there.count(previous).await, 1);

    organization.retire_previous_secret().await;
    let stale = signed(&old, &visitor).await;
    stale.is_problem(403, "hmac_verification_failed");
}

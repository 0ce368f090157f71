//! The document's rules, a test each.

use serde_json::json;

use crate::harness::{Database, Service, on_both_databases};

on_both_databases! {
    /// "By default, identity verification is disabled." "When disabled, the hmac is ignored."
    async fn verification_is_off_by_default_and_off_ignores_the_hmac(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let signed = organization.sign(&visitor);
        for hmac in [json!(null), json!("0".repeat(64)), json!(signed), json!(7), json!("")] {
            let result = visitor.identify(json!({"name": "Jane", "hmac": hmac})).await.ok();
            assert_eq!(result["hmacVerified"], false, "{hmac}");
        }
    }
}

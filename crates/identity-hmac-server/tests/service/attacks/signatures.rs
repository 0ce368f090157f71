//! Signatures that the organization's backend never made.

use identity_hmac::generate_identity_hmac;
use serde_json::{Value, json};

use crate::harness::{Database, Service, on_both_databases};

/// What can be made of a right signature without being one.
fn altered(hmac: &str) -> Vec<String> {
    let shifted = |offset: u32| -> String {
        let shift = |digit: char| char::from_u32(u32::from(digit) + offset).unwrap();
        hmac.chars().map(shift).collect()
    };
    let mut altered = vec![
        hmac.chars().rev().collect(),
        hmac.repeat(2),
        format!("{hmac}00"),
        format!("{hmac}0"),
        format!("0x{hmac}"),
        format!("0x{}", &hmac[2..]),
        format!("sha256={hmac}"),
        format!(" {hmac}"),
        format!("{hmac} "),
        format!("{hmac}\n"),
        format!(" {}", &hmac[1..]),
        format!("{}\t", &hmac[..63]),
        format!("{} {}", &hmac[..32], &hmac[32..]),
        format!("{}-{}", &hmac[..32], &hmac[33..]),
        format!("\u{feff}{hmac}"),
        format!("{}ä", &hmac[..62]),
        // Decoders that look at the low byte of a character alone take these for digits.
        shifted(0x100),
        shifted(0xFEE0),
        "0".repeat(64),
        "g".repeat(64),
        "é".repeat(32),
        "0".repeat(60_000),
    ];
    altered.extend((0..hmac.len()).map(|len| hmac[..len].to_owned()));
    for place in 0..hmac.len() {
        let other = if hmac.as_bytes()[place] == b'0' {
            "1"
        } else {
            "0"
        };
        altered.push(format!("{}{other}{}", &hmac[..place], &hmac[place + 1..]));
    }
    altered
}

on_both_databases! {
    async fn no_forged_cut_or_altered_signature_verifies(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let other_organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let other_visitor = organization.visitor().await;
        let hmac = organization.sign(&visitor);

        let signed = |id: &str, secret: &str| json!(generate_identity_hmac(id, secret).unwrap().to_hex());
        let (id, secret) = (&visitor.id, &organization.secret);
        let mut forged: Vec<Value> = altered(&hmac).into_iter().map(Value::from).collect();
        forged.extend([
            json!(organization.sign(&other_visitor)),
            json!(other_organization.sign(&visitor)),
            signed(&id.to_uppercase(), secret),
            signed(&id.replace('-', ""), secret),
            signed(&format!("{id}\n"), secret),
            signed(id, &secret.to_uppercase()),
            signed(id, &format!("{secret}\n")),
            signed(id, &organization.key),
            signed(id, &organization.id),
            signed(secret, id),
            json!(0), json!(1e9), json!(true), json!([]), json!([hmac]), json!({}),
            json!({"hmac": hmac}),
        ]);
        let mut answers = Vec::new();
        for hmac in forged {
            let refused = visitor.identify(json!({"name": "Mallory", "hmac": hmac})).await;
            refused.is_problem(403, "hmac_verification_failed");
            answers.push((refused.body["title"].clone(), refused.body["detail"].clone()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the answers tell the wrong ones apart");
        for params in [json!({"name": "Mallory"}), json!({"name": "Mallory", "hmac": null})] {
            visitor.identify(params).await.is_problem(403, "hmac_required");
        }
        visitor.identity().await.is_no_record();

        // Hexadecimal digits have no case (RFC 4648 section 8).
        for hmac in [hmac.to_uppercase(), hmac] {
            let result = visitor.identify(json!({"name": "Jane", "hmac": hmac})).await.ok();
            assert_eq!(result["hmacVerified"], true);
        }
    }
}

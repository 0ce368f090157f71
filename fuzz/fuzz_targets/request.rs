//! The body of an `identify()` call: taken if it is JSON of one meaning within the limits, and
//! then as `serde_json` reads it.
#![no_main]

use identity_hmac_fuzz::json::{is_attribute, levels, member, read};
use identity_hmac_server::http::body::Members;
use identity_hmac_server::http::identify_params::{IdentifyParams, PresentedProof};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

const PROOFS: [&str; 2] = ["hmac", "token"];

fn is_member(name: &str, value: &Value) -> bool {
    // Any value may be tried as a proof.
    is_attribute(name, value) || PROOFS.contains(&name) && levels(value) <= 8
}

/// The members of a body that is to be taken.
fn taken(body: &[u8]) -> Option<Map<String, Value>> {
    let Value::Object(members) = read(body)? else {
        return None;
    };
    let are_members = members.iter().all(|(name, value)| is_member(name, value));
    (are_members && PROOFS.iter().any(|name| proof(&members, name).is_none())).then_some(members)
}

/// A proof of another type is a wrong one, not a missing one.
fn proof(members: &Map<String, Value>, name: &str) -> Option<String> {
    let value = members.get(name).filter(|value| !value.is_null())?;
    Some(value.as_str().unwrap_or_default().to_owned())
}

fuzz_target!(|body: &[u8]| {
    let params = Members::parse(body).and_then(IdentifyParams::try_from);
    let Some(members) = taken(body) else {
        return assert!(params.is_err());
    };
    let params = params.expect("a body within the limits");
    let patch = params.patch;
    let member_of = |name: &str| members.get(name).cloned();
    assert_eq!(member(patch.name), member_of("name"));
    assert_eq!(member(patch.email), member_of("email"));
    assert_eq!(member(patch.external_id), member_of("externalId"));
    assert_eq!(member(patch.metadata), member_of("metadata"));
    let hmac = proof(&members, "hmac").map(PresentedProof::Hmac);
    let token = proof(&members, "token").map(PresentedProof::Token);
    assert_eq!(params.proof, hmac.or(token));
});

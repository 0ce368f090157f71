//! The body of an `identify()` call: taken if it is JSON of one meaning within the limits, and
//! then as `serde_json` reads it.
#![no_main]

use identity_hmac_fuzz::json::{is_attribute, levels, member, read};
use identity_hmac_server::http::body::Members;
use identity_hmac_server::http::identify_params::IdentifyParams;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fn is_member(name: &str, value: &Value) -> bool {
    // Any value may be tried as a signature.
    is_attribute(name, value) || name == "hmac" && levels(value) <= 8
}

/// The members of a body that is to be taken.
fn taken(body: &[u8]) -> Option<Map<String, Value>> {
    let Value::Object(members) = read(body)? else {
        return None;
    };
    let are_members = members.iter().all(|(name, value)| is_member(name, value));
    are_members.then_some(members)
}

fuzz_target!(|body: &[u8]| {
    let params = Members::parse(body).and_then(IdentifyParams::try_from);
    let Some(members) = taken(body) else {
        return assert!(params.is_err());
    };
    let IdentifyParams { patch, hmac } = params.expect("a body within the limits");
    let member_of = |name: &str| members.get(name).cloned();
    assert_eq!(member(patch.name), member_of("name"));
    assert_eq!(member(patch.email), member_of("email"));
    assert_eq!(member(patch.external_id), member_of("externalId"));
    assert_eq!(member(patch.metadata), member_of("metadata"));
    // A signature of another type is a wrong one, not a missing one.
    let signature = member_of("hmac").filter(|hmac| !hmac.is_null());
    let text = signature.map(|hmac| hmac.as_str().unwrap_or_default().to_owned());
    assert_eq!(hmac, text);
});

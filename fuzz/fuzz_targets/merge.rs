//! Stored metadata and a patch, one JSON text a line: merged as RFC 7396 says, and stored only
//! within the limit.
#![no_main]

use identity_hmac::strict_json;
use identity_hmac_server::store::{StoreError, metadata};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// The pseudo-code of RFC 7396, section 2, line by line.
fn merge_patch(target: Option<Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut target = match target {
        Some(Value::Object(target)) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let merged = merge_patch(target.get(name).cloned(), value);
            target.insert(name.clone(), merged);
        }
    }
    Value::Object(target)
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match strict_json::parse(text, 8) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fuzz_target!(|input: &[u8]| {
    let (stored, patch) = match input.iter().position(|&byte| byte == b'\n') {
        Some(end) => (object(&input[..end]), &input[end + 1..]),
        None => (None, input),
    };
    let Some(patch) = object(patch) else {
        return;
    };
    let merged = metadata::merge(stored.as_ref(), &patch);
    let expected = merge_patch(stored.map(Value::Object), &Value::Object(patch.clone()));
    assert_eq!(Value::Object(merged.clone()), expected);
    assert_eq!(
        metadata::merge(Some(&merged), &patch),
        merged,
        "merged twice"
    );

    let text = expected.to_string();
    match metadata::write(&merged) {
        Ok(stored) => assert!(stored == text && text.len() <= 16 * 1024),
        Err(StoreError::MetadataTooLarge { .. }) => assert!(text.len() > 16 * 1024),
        Err(error) => panic!("{error}"),
    }
});

//! The body of an `identify()` call: taken if it is JSON of one meaning within the limits, and
//! then as `serde_json` reads it.
#![no_main]

use std::sync::LazyLock;

use identity_hmac::attributes::Patch;
use identity_hmac_server::http::body::Members;
use identity_hmac_server::http::identify_params::IdentifyParams;
use libfuzzer_sys::fuzz_target;
use regex::Regex;
use serde_json::{Map, Value};

/// HTML's valid e-mail address, and in place of a letter any character beyond ASCII that is not
/// white space and not a control character.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let letter = r"[a-zA-Z0-9[^\x00-\x7f]&&[^\s\p{Cc}]]";
    let label = format!("{letter}(?:(?:-|{letter}){{0,61}}{letter})?");
    let local = format!(r"(?:[.!#$%&'*+/=?^_`{{|}}~-]|{letter})+");
    Regex::new(&format!(r"^{local}@{label}(?:\.{label})*$")).expect("a regular expression")
});

fn is_text(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    value.is_null() || value.as_str().is_some_and(fits)
}

fn is_member(name: &str, value: &Value) -> bool {
    let length = |text: &str| text.chars().count();
    let is_blank = |text: &str| text.chars().all(char::is_whitespace);
    match name {
        "name" | "externalId" => is_text(value, |text| length(text) <= 256 && !is_blank(text)),
        "email" => is_text(value, |text| length(text) <= 320 && ADDRESS.is_match(text)),
        "metadata" => value.is_null() || value.is_object() && levels(value) <= 8,
        // Any value may be tried as a signature.
        "hmac" => levels(value) <= 8,
        _ => false,
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(object) => object.values().map(|value| 1 + members(value)).sum(),
        _ => 0,
    }
}

/// How many members a JSON text writes: each has a colon outside of any string.
fn written_members(text: &[u8]) -> usize {
    let (mut colons, mut in_string, mut escaped) = (0, false, false);
    for &byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    colons
}

/// Whether a JSON text writes an integer, outside of any string, that 64 bits do not hold.
fn has_large_integer(text: &[u8]) -> bool {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*"#).expect("a regular expression")
    });
    let text = String::from_utf8_lossy(text);
    TOKEN.find_iter(&text).any(|token| {
        let digits = token.as_str().trim_start_matches('-');
        let is_integer = digits.bytes().all(|digit| digit.is_ascii_digit());
        let limit = if digits.len() < token.len() {
            1 << 63
        } else {
            u128::from(u64::MAX)
        };
        is_integer && digits.parse::<u128>().is_ok_and(|number| number > limit)
            || is_integer && digits.len() > 38
    })
}

/// The members of a body that is to be taken.
fn taken(body: &[u8]) -> Option<Map<String, Value>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let has_one_meaning =
        !has_nul(&value) && !has_large_integer(body) && members(&value) == written_members(body);
    let Value::Object(members) = value else {
        return None;
    };
    let are_members = members.iter().all(|(name, value)| is_member(name, value));
    (has_one_meaning && are_members).then_some(members)
}

/// The patch as the member that it came from.
fn member<T: Into<Value>>(patch: Patch<T>) -> Option<Value> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(Value::Null),
        Patch::Set(value) => Some(value.into()),
    }
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

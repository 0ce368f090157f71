//! JSON of one meaning and the limits of attributes, written a second time.

use std::sync::LazyLock;

use identity_hmac::attributes::Patch;
use regex::Regex;
use serde_json::Value;

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

/// Whether `value` is an attribute of a user within its limits.
pub fn is_attribute(name: &str, value: &Value) -> bool {
    let length = |text: &str| text.chars().count();
    let is_blank = |text: &str| text.chars().all(char::is_whitespace);
    match name {
        "name" | "externalId" => is_text(value, |text| length(text) <= 256 && !is_blank(text)),
        "email" => is_text(value, |text| length(text) <= 320 && ADDRESS.is_match(text)),
        "metadata" => value.is_null() || value.is_object() && levels(value) <= 8,
        _ => false,
    }
}

/// How deep objects and arrays nest.
pub fn levels(value: &Value) -> usize {
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

/// Reads JSON that has one meaning: `serde_json` alone would take more.
pub fn read(text: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let has_one_meaning =
        !has_nul(&value) && !has_large_integer(text) && members(&value) == written_members(text);
    has_one_meaning.then_some(value)
}

/// The patch as the member that it came from.
pub fn member<T: Into<Value>>(patch: Patch<T>) -> Option<Value> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(Value::Null),
        Patch::Set(value) => Some(value.into()),
    }
}

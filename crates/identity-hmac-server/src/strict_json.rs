//! JSON as the interface takes it: no duplicate key, no NUL, no lone surrogate, no bottomless
//! nesting (RFC 8259 leaves all four to the reader).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment, Track};

/// A body that was not taken, and where the fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The path of the member at fault, as in `metadata.tags[3]`; `None` for the body as a whole.
    pub path: Option<String>,
    /// What is wrong. It repeats no value.
    pub reason: String,
}

/// Reads one JSON text of at most `levels` levels of objects and arrays.
///
/// # Errors
///
/// [`Refusal`] for anything else than one JSON text that has a single meaning.
pub fn parse(text: &[u8], levels: usize) -> Result<Value, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let mut track = Track::new();
    let value = Strict { levels }
        .deserialize(serde_path_to_error::Deserializer::new(
            &mut reader,
            &mut track,
        ))
        .map_err(|error| Refusal {
            path: shown(&track.path()),
            reason: error.to_string(),
        })?;
    reader.end().map_err(|error| Refusal {
        path: None,
        reason: error.to_string(),
    })?;
    Ok(value)
}

fn shown(path: &Path) -> Option<String> {
    let mut shown = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => shown.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } if shown.is_empty() => shown += key,
            Segment::Map { key } => shown.extend([".", key]),
            // A key that could not be read.
            _ => break,
        }
    }
    (!shown.is_empty()).then_some(shown)
}

/// Reads any value that nests no deeper than `levels`.
#[derive(Clone, Copy)]
struct Strict {
    levels: usize,
}

impl Strict {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let levels = self
            .levels
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        refuse_nul(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            refuse_nul(&key)?;
            if object.contains_key(&key) {
                members.next_value_seed(DuplicateKey)?;
            }
            let value = members.next_value_seed(inside)?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

fn refuse_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("holds a NUL character (U+0000)"));
    }
    Ok(())
}

/// Fails where a value stands, so that the error carries the path of its key.
struct DuplicateKey;

impl<'de> DeserializeSeed<'de> for DuplicateKey {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("duplicate key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(text: &str) -> (Option<String>, String) {
        let Refusal { path, reason } = parse(text.as_bytes(), 9).unwrap_err();
        (path, reason)
    }

    #[test]
    fn every_kind_of_value_is_read_as_serde_json_reads_it() {
        let text =
            r#"{"a": [null, true, -1, 18446744073709551615, 0.5, "ü\ud83d\ude00"], "b": {}}"#;
        assert_eq!(
            parse(text.as_bytes(), 9).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert_eq!(parse(b" 1 ", 9), Ok(json!(1)));
    }

    #[test]
    fn a_duplicate_key_is_refused_with_its_path() {
        for (text, path) in [
            (r#"{"a": 1, "a": 1}"#, "a"),
            (r#"{"a": 1, "\u0061": 1}"#, "a"),
            (r#"{"m": [{"k": {"x": 1, "x": null}}]}"#, "m[0].k.x"),
        ] {
            let (found, reason) = refusal(text);
            assert_eq!(found.as_deref(), Some(path), "{text}");
            assert!(reason.starts_with("duplicate key"), "{reason}");
        }
    }

    #[test]
    fn a_nul_is_refused_in_values_and_in_keys() {
        for text in [
            r#"{"a": "x\u0000"}"#,
            r#"{"a": {"\u0000": 1}}"#,
            r#"{"a": ["\u0000"]}"#,
        ] {
            let (path, reason) = refusal(text);
            assert!(path.unwrap().starts_with('a'), "{text}");
            assert!(reason.contains("NUL"), "{reason}");
        }
    }

    #[test]
    fn a_lone_surrogate_is_refused_in_values_and_in_keys() {
        for text in [
            r#"{"a": "\ud800"}"#,
            r#"{"a": "\ud800x"}"#,
            r#"{"a": "\udc00"}"#,
            r#"{"a": "\ud800\ud800"}"#,
            r#"{"a": {"\udfff": 1}}"#,
        ] {
            let (path, _) = refusal(text);
            assert_eq!(path.as_deref(), Some("a"), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_last_level_that_is_taken() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(nested(9).as_bytes(), 9).is_ok());
        for levels in [10, 127, 128, 20_000] {
            assert!(refusal(&nested(levels)).1.starts_with("nested too deep"));
        }
        let objects = r#"{"a":"#.repeat(10) + "1" + &"}".repeat(10);
        assert_eq!(refusal(&objects).0.as_deref(), Some("a.a.a.a.a.a.a.a.a"));
    }

    #[test]
    fn what_is_not_one_json_text_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "nul",
            "1 2",
            "{}{}",
            r#"{"a": 1e999}"#,
            "{'a': 1}",
            "[1,]",
            "\u{feff}{}",
        ] {
            refusal(text);
        }
        assert!(parse(b"\"\xff\"", 9).is_err());
    }

    #[test]
    fn a_reason_repeats_no_value() {
        let text = r#"{"hmac": "canary", "hmac": "canary"}"#;
        assert!(!refusal(text).1.contains("canary"));
    }
}

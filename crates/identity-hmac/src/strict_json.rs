//! JSON that has one meaning: no duplicate key, no NUL, no lone surrogate, no bottomless nesting, no
//! integer that a reader would round (RFC 8259 leaves all five to the reader).

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::marker::PhantomData;

use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A text that was not taken, and where the fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// From the outermost member to the one at fault; empty for the text as a whole.
    path: Vec<Segment>,
    reason: String,
    is_duplicate: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl Refusal {
    /// The path of the member at fault, as in `metadata.tags[3]`; `None` for the text as a whole.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let mut shown = String::new();
        for segment in &self.path {
            match segment {
                Segment::Index(index) => shown.extend(["[", &index.to_string(), "]"]),
                Segment::Key(key) if shown.is_empty() => shown += key,
                Segment::Key(key) => shown.extend([".", key]),
            }
        }
        (!shown.is_empty()).then_some(shown)
    }

    /// The key of the outermost object's member that holds the fault, if one does.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match self.path.first() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// What is wrong. It repeats no value.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the fault is a key that stands twice in one object.
    #[must_use]
    pub const fn is_duplicate(&self) -> bool {
        self.is_duplicate
    }
}

/// Reads one JSON text of at most `levels` levels of objects and arrays.
///
/// # Errors
///
/// [`Refusal`] for anything else than one JSON text that has a single meaning.
///
/// ```
/// use identity_hmac::strict_json;
///
/// assert_eq!(strict_json::parse(br#"{"plan": "pro"}"#, 1).unwrap()["plan"], "pro");
/// let refusal = strict_json::parse(br#"{"plan": "pro", "plan": "free"}"#, 1).unwrap_err();
/// assert_eq!(refusal.path().as_deref(), Some("plan"));
/// assert!(refusal.is_duplicate());
/// ```
pub fn parse(text: &[u8], levels: usize) -> Result<Value, Refusal> {
    read(text, levels, |strict, reader| strict.deserialize(reader))
}

/// Reads a text as [`parse`] does, and of an object's members keeps those that have a slot. `None`
/// if the text is no object.
pub(crate) fn parse_members<M: Slots>(text: &[u8], levels: usize) -> Result<Option<M>, Refusal> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return parse(text, levels).map(|_| None);
    }
    let known = |strict: Strict<'_>, reader: &mut Reader<'_>| {
        let known = PhantomData::<M>;
        reader.deserialize_map(Outermost { strict, known })
    };
    read(text, levels, known).map(Some)
}

/// The members of an object that have a meaning to the reader.
pub(crate) trait Slots: Default {
    /// Where the value of the member `name` goes; `None` if it has no meaning.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>>;
}

type Reader<'a> = serde_json::Deserializer<serde_json::de::SliceRead<'a>>;

fn read<'a, T>(
    text: &'a [u8],
    levels: usize,
    deserialize: impl FnOnce(Strict<'_>, &mut Reader<'a>) -> serde_json::Result<T>,
) -> Result<T, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let fault = Fault::default();
    let strict = Strict {
        levels,
        fault: &fault,
    };
    let read = deserialize(strict, &mut reader).and_then(|read| reader.end().map(|()| read));
    let read = read.map_err(|error| {
        let mut path = fault.path.take();
        path.reverse();
        Refusal {
            path,
            reason: error.to_string(),
            is_duplicate: fault.is_duplicate.get(),
        }
    })?;
    if fault.has_large_number.get()
        && let Some(start) = start_of_large_integer(text)
    {
        return Err(large_integer(&text[..start], levels));
    }
    Ok(read)
}

/// The refusal of an integer of more than 64 bits that stands after the text `before`.
fn large_integer(before: &[u8], levels: usize) -> Refusal {
    // Read again, with no value in its place, for the way there.
    let cut = [before, b"?"].concat();
    let refusal = parse(&cut, levels).err();
    Refusal {
        path: refusal.map_or_else(Vec::new, |refusal| refusal.path),
        reason: "an integer of more than 64 bits: send it as a string".into(),
        is_duplicate: false,
    }
}

/// Where the first integer stands that fits neither `i64` nor `u64`, in a text that is known to be
/// JSON. `serde_json` makes a float of such a one.
fn start_of_large_integer(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b'"' => len_of_string(rest),
            b'-' | b'0'..=b'9' => {
                let is_numbers =
                    |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let len = rest.iter().take_while(|byte| is_numbers(byte)).count();
                if is_large_integer(&rest[..len]) {
                    return Some(at);
                }
                len
            }
            _ => 1,
        };
    }
    None
}

fn len_of_string(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let is_end = |byte: &u8| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    };
    let content = text.get(1..).unwrap_or_default();
    content
        .iter()
        .position(is_end)
        .map_or(text.len(), |end| end + 2)
}

fn is_large_integer(number: &[u8]) -> bool {
    let number = core::str::from_utf8(number).unwrap_or_default();
    !number.contains(['.', 'e', 'E'])
        && number.parse::<i64>().is_err()
        && number.parse::<u64>().is_err()
}

/// What is known of a fault beside the error itself.
#[derive(Default)]
struct Fault {
    /// Filled on the way out, so that the innermost segment comes first.
    path: RefCell<Vec<Segment>>,
    is_duplicate: Cell<bool>,
    /// Whether a number was read that may be an integer of more than 64 bits.
    has_large_number: Cell<bool>,
}

/// Reads any value that nests no deeper than `levels`.
#[derive(Clone, Copy)]
struct Strict<'a> {
    levels: usize,
    fault: &'a Fault,
}

impl Strict<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let levels = self
            .levels
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { levels, ..self })
    }

    fn members<'de, A: MapAccess<'de>, M: Members>(self, mut members: A) -> Result<M, A::Error> {
        let inside = self.inside()?;
        let mut object = M::default();
        while let Some(name) = members.next_key_seed(Name)? {
            refuse_nul(&name)?;
            let value = members.next_value_seed(Inside {
                strict: inside,
                is_duplicate: object.holds(&name),
                segment: || Segment::Key(name.clone().into_owned()),
            })?;
            object.put(name, value);
        }
        Ok(object)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        const SMALLEST_LARGE_NUMBER: f64 = 9_223_372_036_854_775_808.0;
        if value.abs() >= SMALLEST_LARGE_NUMBER {
            self.fault.has_large_number.set(true);
        }
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        refuse_nul(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Inside {
            strict: inside,
            is_duplicate: false,
            segment: || Segment::Index(array.len()),
        })? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        self.members(members).map(Value::Object)
    }
}

/// Where the members of an object go.
trait Members: Default {
    fn holds(&mut self, name: &str) -> bool;
    fn put(&mut self, name: Cow<'_, str>, value: Value);
}

impl Members for Map<String, Value> {
    fn holds(&mut self, name: &str) -> bool {
        self.contains_key(name)
    }

    fn put(&mut self, name: Cow<'_, str>, value: Value) {
        self.insert(name.into_owned(), value);
    }
}

/// The members that have a slot. Of the others only the names are known, so that none of them stands
/// there twice.
#[derive(Default)]
struct Known<M> {
    slots: M,
    others: BTreeSet<String>,
}

impl<M: Slots> Members for Known<M> {
    fn holds(&mut self, name: &str) -> bool {
        match self.slots.slot(name) {
            Some(slot) => slot.is_some(),
            None => self.others.contains(name),
        }
    }

    fn put(&mut self, name: Cow<'_, str>, value: Value) {
        match self.slots.slot(&name) {
            Some(slot) => *slot = Some(value),
            None => {
                self.others.insert(name.into_owned());
            }
        }
    }
}

/// Reads the outermost object.
struct Outermost<'a, M> {
    strict: Strict<'a>,
    known: PhantomData<M>,
}

impl<'de, M: Slots> Visitor<'de> for Outermost<'_, M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.strict.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<M, A::Error> {
        let known: Known<M> = self.strict.members(members)?;
        Ok(known.slots)
    }
}

/// Reads a member's name, in place where no escape stands in it.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_string()))
    }
}

fn refuse_nul<E: Error>(text: &str) -> Result<(), E> {
    if is_strict_text(text) {
        Ok(())
    } else {
        Err(E::custom("holds a NUL character (U+0000)"))
    }
}

/// Whether [`parse`] reads this text once it is written.
pub(crate) fn is_strict_text(text: &str) -> bool {
    !text.contains('\0')
}

/// Whether [`parse`] reads this object once it is written, with at most `levels` levels.
pub(crate) fn is_strict_object(object: &Map<String, Value>, levels: usize) -> bool {
    let is_strict = |(name, value): (&String, _)| {
        is_strict_text(name) && is_strict_value(value, levels.saturating_sub(1))
    };
    levels > 0 && object.iter().all(is_strict)
}

fn is_strict_value(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_strict_text(text),
        Value::Object(object) => is_strict_object(object, levels),
        Value::Array(items) => {
            let is_strict = |item| is_strict_value(item, levels.saturating_sub(1));
            levels > 0 && items.iter().all(is_strict)
        }
    }
}

/// Reads a value inside an object or an array, and notes the way to a fault in it.
struct Inside<'a, F> {
    strict: Strict<'a>,
    is_duplicate: bool,
    segment: F,
}

impl<'de, F: FnOnce() -> Segment> DeserializeSeed<'de> for Inside<'_, F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let fault = self.strict.fault;
        let read = if self.is_duplicate {
            fault.is_duplicate.set(true);
            Err(D::Error::custom("duplicate key"))
        } else {
            self.strict.deserialize(deserializer)
        };
        read.inspect_err(|_| fault.path.borrow_mut().push((self.segment)()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(text: &str) -> (Option<String>, String) {
        let refusal = parse(text.as_bytes(), 9).unwrap_err();
        (refusal.path(), refusal.reason().into())
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
    fn an_integer_of_more_than_64_bits_is_refused_with_its_path() {
        for (text, path) in [
            (r#"{"a": 18446744073709551616}"#, "a"),
            (r#"{"a": -9223372036854775809}"#, "a"),
            (
                r#"{"s": "\\\" 1", "m": [1, {"k": [0, 100000000000000000000 ]}]}"#,
                "m[1].k[1]",
            ),
            ("[[99999999999999999999]]", "[0][0]"),
        ] {
            let (found, reason) = refusal(text);
            assert_eq!(found.as_deref(), Some(path), "{text}");
            assert!(reason.contains("64 bits"), "{reason}");
        }
        assert_eq!(refusal("123456789012345678901").0, None);
        for text in [
            "18446744073709551615",
            "-9223372036854775808",
            "1e20",
            "100000000000000000000.0",
            "-0",
            r#""123456789012345678901""#,
            r#"{"123456789012345678901": "\\"}"#,
            r#"["\"123456789012345678901", "\\\\", 1]"#,
        ] {
            assert!(parse(text.as_bytes(), 9).is_ok(), "{text}");
        }
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

//! What describes a user, in `identify()` and in identity tokens: the limits of each attribute, and
//! what becomes of it.

use alloc::string::String;

use serde_json::{Map, Value};
use thiserror::Error;

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 256;
/// The longest e-mail address, in characters.
pub const MAX_EMAIL_CHARS: usize = 320;
/// The longest external id, in characters.
pub const MAX_EXTERNAL_ID_CHARS: usize = 256;
/// The deepest metadata, counting the metadata object itself.
pub const MAX_METADATA_LEVELS: usize = 8;

/// A JSON object of the customer's own making.
pub type Metadata = Map<String, Value>;

/// What becomes of one attribute of a user's record (RFC 7396).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Patch<T> {
    /// The attribute was absent: what is stored stays.
    #[default]
    Keep,
    /// The attribute was `null`: what is stored goes.
    Clear,
    /// The attribute takes this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the attribute was absent.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value that the attribute takes, if it takes one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl From<&str> for Patch<String> {
    fn from(text: &str) -> Self {
        Self::Set(text.into())
    }
}

impl From<String> for Patch<String> {
    fn from(text: String) -> Self {
        Self::Set(text)
    }
}

impl From<Metadata> for Patch<Metadata> {
    fn from(metadata: Metadata) -> Self {
        Self::Set(metadata)
    }
}

/// What is wrong with the value of an attribute. No variant carries the value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeFault {
    /// It has another type than it may have.
    #[error("neither a string nor null")]
    NotTextOrNull,
    /// It has another type than it may have.
    #[error("neither an object nor null")]
    NotObjectOrNull,
    /// It is empty or white space: often a value that the caller does not have. Stored, it would look
    /// like one.
    #[error("blank: leave it out to keep what is stored, or send null to clear it")]
    Blank,
    /// It is longer than so many characters.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// It is not shaped like an e-mail address.
    #[error("not shaped like an e-mail address, as in jane@example.com")]
    NotAnAddress,
}

/// Reads a `name`; `None` is an absent one.
///
/// # Errors
///
/// [`AttributeFault`] for anything else than `null` and a text of at most [`MAX_NAME_CHARS`] that is not
/// blank.
pub fn name(value: Option<Value>) -> Result<Patch<String>, AttributeFault> {
    text(value, check_name)
}

/// Reads an `externalId`, the customer's own id of the user; `None` is an absent one.
///
/// # Errors
///
/// [`AttributeFault`] for anything else than `null` and a text of at most [`MAX_EXTERNAL_ID_CHARS`] that
/// is not blank.
pub fn external_id(value: Option<Value>) -> Result<Patch<String>, AttributeFault> {
    text(value, check_external_id)
}

/// Reads an `email`; `None` is an absent one.
///
/// # Errors
///
/// [`AttributeFault`] for anything else than `null` and an e-mail address of at most
/// [`MAX_EMAIL_CHARS`].
pub fn email(value: Option<Value>) -> Result<Patch<String>, AttributeFault> {
    text(value, check_email)
}

/// Reads `metadata`; `None` is an absent one. The reader of the JSON text sees to its depth.
///
/// # Errors
///
/// [`AttributeFault`] for anything else than `null` and an object.
pub fn metadata(value: Option<Value>) -> Result<Patch<Metadata>, AttributeFault> {
    match value {
        None => Ok(Patch::Keep),
        Some(Value::Null) => Ok(Patch::Clear),
        Some(Value::Object(metadata)) => Ok(Patch::Set(metadata)),
        Some(_) => Err(AttributeFault::NotObjectOrNull),
    }
}

fn text(
    value: Option<Value>,
    check: impl FnOnce(&str) -> Result<(), AttributeFault>,
) -> Result<Patch<String>, AttributeFault> {
    match value {
        None => Ok(Patch::Keep),
        Some(Value::Null) => Ok(Patch::Clear),
        Some(Value::String(text)) => check(&text).map(|()| Patch::Set(text)),
        Some(_) => Err(AttributeFault::NotTextOrNull),
    }
}

pub(crate) fn check_name(text: &str) -> Result<(), AttributeFault> {
    check_text(text, MAX_NAME_CHARS)
}

pub(crate) fn check_external_id(text: &str) -> Result<(), AttributeFault> {
    check_text(text, MAX_EXTERNAL_ID_CHARS)
}

pub(crate) fn check_email(text: &str) -> Result<(), AttributeFault> {
    check_text(text, MAX_EMAIL_CHARS)?;
    if is_address(text) {
        Ok(())
    } else {
        Err(AttributeFault::NotAnAddress)
    }
}

fn check_text(text: &str, limit: usize) -> Result<(), AttributeFault> {
    if text.trim().is_empty() {
        Err(AttributeFault::Blank)
    } else if text.chars().count() > limit {
        Err(AttributeFault::TooLong(limit))
    } else {
        Ok(())
    }
}

/// By HTML's definition of a valid e-mail address (section 4.10.5.1.5), in any script (RFC 6531).
fn is_address(text: &str) -> bool {
    let is_made_of = |text: &str, others: &str| {
        text.chars().all(|char| {
            if char.is_ascii() {
                char.is_ascii_alphanumeric() || others.contains(char)
            } else {
                !char.is_whitespace() && !char.is_control()
            }
        })
    };
    let is_label = |label: &str| {
        let is_framed = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&label.chars().count()) && !is_framed && is_made_of(label, "-")
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && is_made_of(local, ".!#$%&'*+/=?^_`{|}~-")
            && domain.split('.').all(is_label)
    })
}

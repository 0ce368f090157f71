//! Metadata: how it is merged and how much of it there may be.

use identity_hmac::attributes::{Metadata, Patch};
use serde_json::Value;

use super::StoreError;

/// The largest metadata that is stored, in bytes of compact JSON.
pub const MAX_LEN: usize = 16 * 1024;

/// Applies a JSON Merge Patch (RFC 7396, section 2) to stored metadata.
#[must_use]
pub fn merge(stored: Option<&Metadata>, patch: &Metadata) -> Metadata {
    let mut merged = Value::Object(stored.cloned().unwrap_or_default());
    json_patch::merge(&mut merged, &Value::Object(patch.clone()));
    match merged {
        Value::Object(merged) => merged,
        _ => unreachable!("an object patched by an object is an object"),
    }
}

/// What a patch makes of stored metadata.
#[must_use]
pub fn patched(stored: Option<&Metadata>, patch: &Patch<Metadata>) -> Option<Metadata> {
    match patch {
        Patch::Keep => stored.cloned(),
        Patch::Clear => None,
        Patch::Set(patch) => Some(merge(stored, patch)),
    }
}

/// Metadata as it is stored.
///
/// # Errors
///
/// [`StoreError::MetadataTooLarge`] when that is longer than [`MAX_LEN`].
pub fn write(metadata: &Metadata) -> Result<String, StoreError> {
    let text = serde_json::to_string(metadata).map_err(|_| StoreError::Corrupt("metadata"))?;
    if text.len() > MAX_LEN {
        return Err(StoreError::MetadataTooLarge { limit: MAX_LEN });
    }
    Ok(text)
}

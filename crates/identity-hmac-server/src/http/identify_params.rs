//! What an `identify()` call carries, and the limits of each member.

use serde_json::Value;
use utoipa::ToSchema;

use super::body::Members;
use super::problem::Problem;
use crate::store::{IdentityPatch, Metadata, Patch};

const MAX_NAME_CHARS: usize = 256;
const MAX_EMAIL_CHARS: usize = 320;
const MAX_EXTERNAL_ID_CHARS: usize = 256;

/// The parameters of `identify()`: a JSON Merge Patch (RFC 7396) of the visitor's record, and the
/// signature. What is absent stays, `null` clears, `metadata` merges key by key.
#[derive(ToSchema)]
#[schema(as = IdentifyParams, rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for the body in the OpenAPI document")]
pub(crate) struct Schema {
    /// The visitor's display name.
    #[schema(max_length = 256, example = "Jane Doe")]
    name: Option<String>,
    /// The visitor's e-mail address.
    #[schema(max_length = 320, example = "jane@example.com")]
    email: Option<String>,
    /// Your own id of the user.
    #[schema(max_length = 256, example = "user_123")]
    external_id: Option<String>,
    /// Any JSON object, of at most 16 KiB and 8 levels once merged.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Value>>)]
    metadata: Option<Metadata>,
    /// HMAC-SHA256 of the visitor id under the organization's secret, 64 hexadecimal digits.
    hmac: Option<String>,
}

/// The parameters of one `identify()` call.
#[derive(Debug)]
pub struct IdentifyParams {
    /// The changes to the record.
    pub patch: IdentityPatch,
    /// The signature that came with them, if one did.
    pub hmac: Option<String>,
}

impl TryFrom<Members> for IdentifyParams {
    type Error = Problem;

    fn try_from(mut members: Members) -> Result<Self, Problem> {
        let patch = IdentityPatch {
            name: text(&mut members, "name", MAX_NAME_CHARS)?,
            email: email(&mut members)?,
            external_id: text(&mut members, "externalId", MAX_EXTERNAL_ID_CHARS)?,
            metadata: metadata(&mut members)?,
        };
        let hmac = match members.take("hmac") {
            None | Some(Value::Null) => None,
            Some(Value::String(hmac)) => Some(hmac),
            // A wrong signature like any other: no text is shorter.
            Some(_) => Some(String::new()),
        };
        members.finish()?;
        Ok(Self { patch, hmac })
    }
}

fn text(members: &mut Members, name: &str, max_chars: usize) -> Result<Patch<String>, Problem> {
    match members.take(name) {
        None => Ok(Patch::Keep),
        Some(Value::Null) => Ok(Patch::Clear),
        Some(Value::String(text)) if text.chars().count() <= max_chars => Ok(Patch::Set(text)),
        Some(Value::String(_)) => Err(Problem::invalid_request(
            Some(name),
            &format!("longer than {max_chars} characters"),
        )),
        Some(_) => Err(Problem::invalid_request(
            Some(name),
            "neither a string nor null",
        )),
    }
}

fn email(members: &mut Members) -> Result<Patch<String>, Problem> {
    const NAME: &str = "email";
    let patch = text(members, NAME, MAX_EMAIL_CHARS)?;
    match &patch {
        Patch::Set(address) if !is_address(address) => Err(Problem::invalid_request(
            Some(NAME),
            "not shaped like an e-mail address, as in jane@example.com",
        )),
        _ => Ok(patch),
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

fn metadata(members: &mut Members) -> Result<Patch<Metadata>, Problem> {
    const NAME: &str = "metadata";
    match members.take(NAME) {
        None => Ok(Patch::Keep),
        Some(Value::Null) => Ok(Patch::Clear),
        Some(Value::Object(metadata)) => Ok(Patch::Set(metadata)),
        Some(_) => Err(Problem::invalid_request(
            Some(NAME),
            "neither an object nor null",
        )),
    }
}

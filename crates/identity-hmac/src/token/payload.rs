//! The payload of a token: its claims, each of the right type.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::error::{ClaimError, ClaimFault};
use super::seconds;
use crate::attributes::{self, MAX_METADATA_LEVELS, Metadata, Patch};
use crate::strict_json;

/// The deepest header or payload: the claims, and metadata in them.
pub(super) const MAX_LEVELS: usize = 1 + MAX_METADATA_LEVELS;

/// The claims that have a meaning here.
static CLAIMS: [&str; 9] = [
    "sub",
    "visitorId",
    "iat",
    "exp",
    "nbf",
    "aud",
    "name",
    "email",
    "metadata",
];

type Claims = strict_json::Known<{ CLAIMS.len() }>;

pub(super) struct Payload {
    pub(super) sub: String,
    pub(super) visitor_id: String,
    pub(super) iat: f64,
    pub(super) exp: f64,
    pub(super) nbf: Option<f64>,
    pub(super) aud: Option<Vec<String>>,
    pub(super) name: Patch<String>,
    pub(super) email: Patch<String>,
    pub(super) metadata: Patch<Metadata>,
}

impl Payload {
    pub(super) fn read(text: &[u8]) -> Result<Self, ClaimError> {
        let claims = strict_json::parse_members(text, MAX_LEVELS, &CLAIMS).map_err(|refusal| {
            let field = CLAIMS
                .into_iter()
                .find(|&claim| refusal.member() == Some(claim));
            let fault = if refusal.is_duplicate() {
                ClaimFault::Twice
            } else {
                ClaimFault::NotJson
            };
            ClaimError::new(field, fault)
        })?;
        let mut claims = claims.ok_or_else(|| ClaimError::new(None, ClaimFault::Type))?;
        Ok(Self {
            sub: read_sub(&mut claims)?,
            visitor_id: read_visitor_id(&mut claims)?,
            iat: required(read_time(&mut claims, "iat")?, "iat")?,
            exp: required(read_time(&mut claims, "exp")?, "exp")?,
            nbf: read_time(&mut claims, "nbf")?,
            aud: read_aud(&mut claims)?,
            name: read(&mut claims, "name", attributes::name)?,
            email: read(&mut claims, "email", attributes::email)?,
            metadata: read(&mut claims, "metadata", attributes::metadata)?,
        })
    }

    pub(super) fn check_lifetime(&self, limit: u64) -> Result<(), ClaimError> {
        check_lifetime(self.exp - self.iat, limit)
    }
}

/// A lifetime in seconds is more than nothing and at most the `limit`.
pub(super) fn check_lifetime(lifetime: f64, limit: u64) -> Result<(), ClaimError> {
    if lifetime > 0.0 && lifetime <= seconds(limit) {
        Ok(())
    } else {
        Err(ClaimError::new("exp", ClaimFault::Lifetime(limit)))
    }
}

/// Reads one attribute, as `identify()` does.
fn read<T>(
    claims: &mut Claims,
    field: &'static str,
    reader: impl FnOnce(Option<Value>) -> Result<Patch<T>, attributes::AttributeFault>,
) -> Result<Patch<T>, ClaimError> {
    reader(claims.take(field)).map_err(|fault| ClaimError::new(field, fault))
}

fn required<T>(claim: Option<T>, field: &'static str) -> Result<T, ClaimError> {
    claim.ok_or_else(|| ClaimError::new(field, ClaimFault::Missing))
}

fn read_sub(claims: &mut Claims) -> Result<String, ClaimError> {
    const FIELD: &str = "sub";
    match read(claims, FIELD, attributes::external_id)? {
        Patch::Keep => Err(ClaimError::new(FIELD, ClaimFault::Missing)),
        Patch::Clear => Err(ClaimError::new(FIELD, ClaimFault::Type)),
        Patch::Set(text) => Ok(text),
    }
}

fn read_visitor_id(claims: &mut Claims) -> Result<String, ClaimError> {
    const FIELD: &str = "visitorId";
    match required(claims.take(FIELD), FIELD)? {
        Value::String(text) if text.is_empty() => Err(ClaimError::new(FIELD, ClaimFault::Empty)),
        Value::String(text) => Ok(text),
        _ => Err(ClaimError::new(FIELD, ClaimFault::Type)),
    }
}

fn read_time(claims: &mut Claims, field: &'static str) -> Result<Option<f64>, ClaimError> {
    let Some(value) = claims.take(field) else {
        return Ok(None);
    };
    let time = value.as_f64();
    time.map(Some)
        .ok_or_else(|| ClaimError::new(field, ClaimFault::Type))
}

fn read_aud(claims: &mut Claims) -> Result<Option<Vec<String>>, ClaimError> {
    const FIELD: &str = "aud";
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => Err(ClaimError::new(FIELD, ClaimFault::Type)),
    };
    match claims.take(FIELD) {
        None => Ok(None),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(text)
            .collect::<Result<_, _>>()
            .map(Some),
        Some(value) => Ok(Some(vec![text(value)?])),
    }
}

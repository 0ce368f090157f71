//! The payload of a token: its claims, each of the right type.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::error::{ClaimError, ClaimFault};
use super::seconds;
use crate::attributes::{self, AttributeFault, MAX_METADATA_LEVELS, Metadata, Patch};
use crate::strict_json::{self, Slots};

/// The deepest header or payload: the claims, and metadata in them.
pub(super) const MAX_LEVELS: usize = 1 + MAX_METADATA_LEVELS;

/// The claims that have a meaning here, as they came.
#[derive(Default)]
struct Claims {
    sub: Option<Value>,
    visitor_id: Option<Value>,
    iat: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    aud: Option<Value>,
    name: Option<Value>,
    email: Option<Value>,
    metadata: Option<Value>,
}

impl Claims {
    /// The claim's own name, and where its value goes.
    fn claim(&mut self, name: &str) -> Option<(&'static str, &mut Option<Value>)> {
        Some(match name {
            "sub" => ("sub", &mut self.sub),
            "visitorId" => ("visitorId", &mut self.visitor_id),
            "iat" => ("iat", &mut self.iat),
            "exp" => ("exp", &mut self.exp),
            "nbf" => ("nbf", &mut self.nbf),
            "aud" => ("aud", &mut self.aud),
            "name" => ("name", &mut self.name),
            "email" => ("email", &mut self.email),
            "metadata" => ("metadata", &mut self.metadata),
            _ => return None,
        })
    }
}

impl Slots for Claims {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        self.claim(name).map(|(_, slot)| slot)
    }
}

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
        let claims = strict_json::parse_members::<Claims>(text, MAX_LEVELS).map_err(|refusal| {
            let member = refusal.member();
            let field = member.and_then(|name| Some(Claims::default().claim(name)?.0));
            let fault = if refusal.is_duplicate() {
                ClaimFault::Twice
            } else {
                ClaimFault::NotJson
            };
            ClaimError::new(field, fault)
        })?;
        let claims = claims.ok_or_else(|| ClaimError::new(None, ClaimFault::Type))?;
        Ok(Self {
            sub: read_sub(claims.sub)?,
            visitor_id: read_visitor_id(claims.visitor_id)?,
            iat: required(read_time(claims.iat, "iat")?, "iat")?,
            exp: required(read_time(claims.exp, "exp")?, "exp")?,
            nbf: read_time(claims.nbf, "nbf")?,
            aud: read_aud(claims.aud)?,
            name: attribute(attributes::name(claims.name), "name")?,
            email: attribute(attributes::email(claims.email), "email")?,
            metadata: attribute(attributes::metadata(claims.metadata), "metadata")?,
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

/// What `identify()` reads in one attribute.
fn attribute<T>(read: Result<T, AttributeFault>, field: &'static str) -> Result<T, ClaimError> {
    read.map_err(|fault| ClaimError::new(field, fault))
}

fn required<T>(claim: Option<T>, field: &'static str) -> Result<T, ClaimError> {
    claim.ok_or_else(|| ClaimError::new(field, ClaimFault::Missing))
}

fn read_sub(value: Option<Value>) -> Result<String, ClaimError> {
    const FIELD: &str = "sub";
    match attribute(attributes::external_id(value), FIELD)? {
        Patch::Keep => Err(ClaimError::new(FIELD, ClaimFault::Missing)),
        Patch::Clear => Err(ClaimError::new(FIELD, ClaimFault::Type)),
        Patch::Set(text) => Ok(text),
    }
}

fn read_visitor_id(value: Option<Value>) -> Result<String, ClaimError> {
    const FIELD: &str = "visitorId";
    match required(value, FIELD)? {
        Value::String(text) if text.is_empty() => Err(ClaimError::new(FIELD, ClaimFault::Empty)),
        Value::String(text) => Ok(text),
        _ => Err(ClaimError::new(FIELD, ClaimFault::Type)),
    }
}

fn read_time(value: Option<Value>, field: &'static str) -> Result<Option<f64>, ClaimError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let time = value.as_f64();
    time.map(Some)
        .ok_or_else(|| ClaimError::new(field, ClaimFault::Type))
}

fn read_aud(value: Option<Value>) -> Result<Option<Vec<String>>, ClaimError> {
    const FIELD: &str = "aud";
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => Err(ClaimError::new(FIELD, ClaimFault::Type)),
    };
    match value {
        None => Ok(None),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(text)
            .collect::<Result<_, _>>()
            .map(Some),
        Some(value) => Ok(Some(vec![text(value)?])),
    }
}

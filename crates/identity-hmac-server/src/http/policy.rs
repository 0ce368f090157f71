//! The policy of an organization, as a request sets it.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Value, from_value};

use super::body::Members;
use super::problem::Problem;
use crate::store::{
    IDENTITY_SESSIONS, MAX_TOKEN_LIFETIMES, MalformedTime, PolicyPatch, UnknownProofs,
    UnknownTreatment, ValidAfter, parse_time,
};

/// Takes the members that are of the policy.
pub(super) fn read(members: &mut Members) -> Result<PolicyPatch, Problem> {
    Ok(PolicyPatch {
        accepted_proofs: take(members, "acceptedProofs", |value| {
            from_value(value).map_err(|_| format!("not a list of proofs: {UnknownProofs}"))
        })?,
        unsigned_attributes: take(members, "unsignedAttributes", |value| {
            from_value(value).map_err(|_| UnknownTreatment)
        })?,
        identity_session: take(members, "identitySession", |value| {
            seconds(value, IDENTITY_SESSIONS)
        })?,
        max_token_lifetime: take(members, "maxTokenLifetime", |value| {
            seconds(value, MAX_TOKEN_LIFETIMES)
        })?,
        tokens_valid_after: take(members, "tokensValidAfter", |value| time(&value))?,
    })
}

fn take<T, E: fmt::Display>(
    members: &mut Members,
    name: &str,
    read: impl FnOnce(Value) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    let value = members.take(name).map(read).transpose();
    value.map_err(|reason| Problem::invalid_request(Some(name), &reason.to_string()))
}

fn seconds(value: Value, limits: RangeInclusive<u32>) -> Result<u32, String> {
    let seconds = from_value(value).ok();
    seconds.filter(|it| limits.contains(it)).ok_or_else(|| {
        let (least, most) = (limits.start(), limits.end());
        format!("give a whole number of seconds from {least} to {most}")
    })
}

fn time(value: &Value) -> Result<ValidAfter, MalformedTime> {
    let time = match value {
        Value::Null => None,
        value => Some(parse_time(value.as_str().unwrap_or_default())?),
    };
    Ok(ValidAfter(time))
}

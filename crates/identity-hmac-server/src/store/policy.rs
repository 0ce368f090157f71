//! The policy of an organization: which proofs count, for how long, and what becomes of attributes that
//! no token holds.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

use super::StoreError;

/// How long a verified identity may last, in seconds.
pub const IDENTITY_SESSIONS: RangeInclusive<u32> = 300..=2_592_000;
/// How long a token may be valid at most, in seconds: what an organization may set.
pub const MAX_TOKEN_LIFETIMES: RangeInclusive<u32> = 60..=86_400;

/// How a call proves who the visitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The hmac of the visitor id.
    Hmac,
    /// An identity token.
    Token,
}

/// The proofs that an organization takes: one at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Proof>", into = "Vec<Proof>")]
pub enum AcceptedProofs {
    /// Each of them.
    #[default]
    Both,
    /// The hmac alone.
    Hmac,
    /// The token alone.
    Token,
}

/// A list of proofs that is empty, or names something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give hmac, token, or both")]
pub struct UnknownProofs;

impl AcceptedProofs {
    /// Whether a proof is taken.
    #[must_use]
    pub fn accepts(self, proof: Proof) -> bool {
        self == Self::Both || self == proof.into()
    }

    /// As it is stored, and given to a command.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "hmac,token",
            Self::Hmac => "hmac",
            Self::Token => "token",
        }
    }
}

impl From<Proof> for AcceptedProofs {
    fn from(proof: Proof) -> Self {
        match proof {
            Proof::Hmac => Self::Hmac,
            Proof::Token => Self::Token,
        }
    }
}

impl From<AcceptedProofs> for Vec<Proof> {
    fn from(accepted: AcceptedProofs) -> Self {
        let mut proofs = vec![Proof::Hmac, Proof::Token];
        proofs.retain(|proof| accepted.accepts(*proof));
        proofs
    }
}

impl TryFrom<Vec<Proof>> for AcceptedProofs {
    type Error = UnknownProofs;

    fn try_from(proofs: Vec<Proof>) -> Result<Self, UnknownProofs> {
        let accepted = proofs.into_iter().map(Self::from);
        let both = |one, other| if one == other { one } else { Self::Both };
        accepted.reduce(both).ok_or(UnknownProofs)
    }
}

impl fmt::Display for AcceptedProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AcceptedProofs {
    type Err = UnknownProofs;

    fn from_str(text: &str) -> Result<Self, UnknownProofs> {
        let proof = |name| match name {
            "hmac" => Ok(Proof::Hmac),
            "token" => Ok(Proof::Token),
            _ => Err(UnknownProofs),
        };
        let proofs: Vec<_> = text.split(',').map(proof).collect::<Result<_, _>>()?;
        proofs.try_into()
    }
}

/// What becomes of attributes in a call that carries no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnsignedAttributes {
    /// They are kept, and never shown in the place of what a token has verified.
    #[default]
    Ignore,
    /// The call is refused.
    Reject,
}

/// Another word than `ignore` and `reject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give ignore or reject")]
pub struct UnknownTreatment;

impl UnsignedAttributes {
    /// As it is stored, and given to a command.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for UnsignedAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for UnsignedAttributes {
    type Err = UnknownTreatment;

    fn from_str(text: &str) -> Result<Self, UnknownTreatment> {
        [Self::Ignore, Self::Reject]
            .into_iter()
            .find(|treatment| treatment.as_str() == text)
            .ok_or(UnknownTreatment)
    }
}

/// The policy of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The proofs that `identify()` takes: `hmac`, `token`, or both.
    #[schema(value_type = Vec<Proof>, min_items = 1)]
    pub accepted_proofs: AcceptedProofs,
    /// What becomes of attributes in a call without a token: `ignore` keeps them apart from verified
    /// ones, `reject` refuses the call.
    pub unsigned_attributes: UnsignedAttributes,
    /// How long a verified identity lasts, in seconds.
    #[schema(minimum = 300, maximum = 2_592_000)]
    pub identity_session: u32,
    /// How long a token may be valid at most, in seconds.
    #[schema(minimum = 60, maximum = 86_400)]
    pub max_token_lifetime: u32,
    /// Tokens that were signed before are refused; null when none are.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub tokens_valid_after: Option<OffsetDateTime>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            accepted_proofs: AcceptedProofs::default(),
            unsigned_attributes: UnsignedAttributes::default(),
            identity_session: 86_400,
            max_token_lifetime: 3600,
            tokens_valid_after: None,
        }
    }
}

/// The changes to a policy: what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPatch {
    /// Other proofs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_proofs: Option<AcceptedProofs>,
    /// Another treatment of unsigned attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned_attributes: Option<UnsignedAttributes>,
    /// Another length of a session, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_session: Option<u32>,
    /// Another longest life of a token, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_token_lifetime: Option<u32>,
    /// Another time before which no token may have been signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_valid_after: Option<ValidAfter>,
}

/// The time before which no token may have been signed, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ValidAfter(
    #[serde(with = "time::serde::rfc3339::option")]
    /// The time.
    pub Option<OffsetDateTime>,
);

impl PolicyPatch {
    /// The policy with these changes.
    #[must_use]
    pub fn apply(&self, policy: Policy) -> Policy {
        Policy {
            accepted_proofs: self.accepted_proofs.unwrap_or(policy.accepted_proofs),
            unsigned_attributes: self
                .unsigned_attributes
                .unwrap_or(policy.unsigned_attributes),
            identity_session: self.identity_session.unwrap_or(policy.identity_session),
            max_token_lifetime: self.max_token_lifetime.unwrap_or(policy.max_token_lifetime),
            tokens_valid_after: self
                .tokens_valid_after
                .map_or(policy.tokens_valid_after, |ValidAfter(time)| time),
        }
    }
}

/// What makes the default policy this one.
impl From<Policy> for PolicyPatch {
    fn from(policy: Policy) -> Self {
        fn other<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
            (value != default).then_some(value)
        }
        let default = Policy::default();
        Self {
            accepted_proofs: other(policy.accepted_proofs, default.accepted_proofs),
            unsigned_attributes: other(policy.unsigned_attributes, default.unsigned_attributes),
            identity_session: other(policy.identity_session, default.identity_session),
            max_token_lifetime: other(policy.max_token_lifetime, default.max_token_lifetime),
            tokens_valid_after: policy.tokens_valid_after.map(|time| ValidAfter(Some(time))),
        }
    }
}

/// What is no time, or lies before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a time since 1970 as in RFC 3339, for example 2026-01-31T12:00:00Z")]
pub struct MalformedTime;

/// Reads a time of RFC 3339, in UTC and to the microsecond, as both databases keep it.
///
/// # Errors
///
/// [`MalformedTime`] for anything else, and for a time before 1970.
pub fn parse_time(text: &str) -> Result<OffsetDateTime, MalformedTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|time| time.checked_to_offset(UtcOffset::UTC))
        .filter(|time| time.unix_timestamp() >= 0)
        .map(OffsetDateTime::truncate_to_microsecond)
        .ok_or(MalformedTime)
}

/// A policy as it is stored, in the columns `policy_columns!`.
#[derive(FromRow)]
pub(super) struct PolicyRow {
    accepted_proofs: String,
    unsigned_attributes: String,
    identity_session: i32,
    max_token_lifetime: i32,
    tokens_valid_after: Option<OffsetDateTime>,
}

macro_rules! policy_columns {
    () => {
        "accepted_proofs, unsigned_attributes, identity_session, max_token_lifetime, \
         tokens_valid_after"
    };
}
pub(super) use policy_columns;

impl TryFrom<PolicyRow> for Policy {
    type Error = StoreError;

    fn try_from(row: PolicyRow) -> Result<Self, StoreError> {
        const CORRUPT: StoreError = StoreError::Corrupt("policy");
        let seconds = |stored: i32| stored.try_into().map_err(|_| CORRUPT);
        Ok(Self {
            accepted_proofs: row.accepted_proofs.parse().map_err(|_| CORRUPT)?,
            unsigned_attributes: row.unsigned_attributes.parse().map_err(|_| CORRUPT)?,
            identity_session: seconds(row.identity_session)?,
            max_token_lifetime: seconds(row.max_token_lifetime)?,
            tokens_valid_after: row.tokens_valid_after,
        })
    }
}

/// A number of seconds as it is stored.
pub(super) fn stored(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn proofs_are_named_as_a_list_and_never_none() {
        for (accepted, list) in [
            (AcceptedProofs::Both, json!(["hmac", "token"])),
            (AcceptedProofs::Hmac, json!(["hmac"])),
            (AcceptedProofs::Token, json!(["token"])),
        ] {
            assert_eq!(to_value(accepted).unwrap(), list);
            assert_eq!(from_value::<AcceptedProofs>(list).unwrap(), accepted);
            assert_eq!(accepted.to_string().parse(), Ok(accepted));
        }
        for list in [json!(["token", "hmac"]), json!(["hmac", "token", "hmac"])] {
            let both = from_value::<AcceptedProofs>(list).unwrap();
            assert_eq!(both, AcceptedProofs::Both);
        }
        for list in [json!([]), json!(["none"]), json!("hmac"), json!([null])] {
            assert!(from_value::<AcceptedProofs>(list).is_err());
        }
        for text in ["", ",", "hmac,", "hmac, token", "Hmac", "hmac token"] {
            let refused: Result<AcceptedProofs, _> = text.parse();
            assert_eq!(refused, Err(UnknownProofs), "{text:?}");
        }
    }

    #[test]
    fn a_time_is_kept_in_utc_as_every_database_can() {
        let read = |text| parse_time(text).map(|time| time.format(&Rfc3339).unwrap());
        for (text, kept) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            (
                "2026-01-31T12:00:00.123456789+01:00",
                "2026-01-31T11:00:00.123456Z",
            ),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(kept));
        }
        for text in [
            "",
            "now",
            "1800000000",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-02-30T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(read(text), Err(MalformedTime), "{text:?}");
        }
    }

    #[test]
    fn the_defaults_are_within_the_limits() {
        let policy = Policy::default();
        assert!(IDENTITY_SESSIONS.contains(&policy.identity_session));
        assert!(MAX_TOKEN_LIFETIMES.contains(&policy.max_token_lifetime));
        let [first, last] = [MAX_TOKEN_LIFETIMES.start(), MAX_TOKEN_LIFETIMES.end()];
        let of_the_core = &identity_hmac::token::MAX_LIFETIMES;
        assert_eq!(u64::from(*first)..=u64::from(*last), *of_the_core);
    }
}

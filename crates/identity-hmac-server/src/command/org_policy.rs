//! `org policy`: which proofs of an organization count, and for how long.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use clap::Args;
use clap::builder::{RangedI64ValueParser, TypedValueParser};
use time::format_description::well_known::Rfc3339;

use super::org::{OrganizationArg, missing};
use crate::audit::Actor;
use crate::store::{
    AcceptedProofs, IDENTITY_SESSIONS, MAX_TOKEN_LIFETIMES, MalformedTime, OrganizationPatch,
    Policy, PolicyPatch, Store, UnsignedAttributes, ValidAfter, parse_time,
};

/// Show an organization's policy, or change what is given of it: which proofs count, and for how long
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    #[command(flatten)]
    changes: PolicyChanges,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// What is set of a policy.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PolicyChanges {
    /// The proofs that `identify()` takes: hmac, token, or hmac,token
    #[arg(long, value_name = "PROOFS")]
    accepted_proofs: Option<AcceptedProofs>,
    /// What becomes of attributes in a call without a token: ignore keeps them apart from verified ones,
    /// reject refuses the call
    #[arg(long, value_name = "WHAT")]
    unsigned_attributes: Option<UnsignedAttributes>,
    /// How long a verified identity lasts, in seconds: 300 to 2592000
    #[arg(long, value_name = "SECONDS", value_parser = seconds(IDENTITY_SESSIONS))]
    identity_session: Option<u32>,
    /// How long a token may be valid at most, in seconds: 60 to 86400
    #[arg(long, value_name = "SECONDS", value_parser = seconds(MAX_TOKEN_LIFETIMES))]
    max_token_lifetime: Option<u32>,
    /// Refuse tokens that were signed before this time, as in 2026-01-31T12:00:00Z; none takes it back
    #[arg(long, value_name = "TIME", value_parser = time)]
    tokens_valid_after: Option<ValidAfter>,
}

fn seconds(limits: RangeInclusive<u32>) -> impl TypedValueParser<Value = u32> {
    RangedI64ValueParser::new().range(i64::from(*limits.start())..=i64::from(*limits.end()))
}

fn time(text: &str) -> Result<ValidAfter, MalformedTime> {
    let time = match text {
        "none" => None,
        time => Some(parse_time(time)?),
    };
    Ok(ValidAfter(time))
}

impl From<PolicyChanges> for PolicyPatch {
    fn from(changes: PolicyChanges) -> Self {
        Self {
            accepted_proofs: changes.accepted_proofs,
            unsigned_attributes: changes.unsigned_attributes,
            identity_session: changes.identity_session,
            max_token_lifetime: changes.max_token_lifetime,
            tokens_valid_after: changes.tokens_valid_after,
        }
    }
}

pub(crate) async fn run(store: &Store, args: PolicyArgs) -> anyhow::Result<()> {
    let PolicyArgs {
        organization,
        changes,
        json,
    } = args;
    let patch = OrganizationPatch {
        policy: changes.into(),
        ..OrganizationPatch::default()
    };
    let id = organization.id;
    let found = if patch.policy == PolicyPatch::default() {
        store.organization(id).await?
    } else {
        store
            .update_organization(id, &patch, &Actor::command())
            .await?
    };
    let policy = found.ok_or_else(|| missing(organization))?.policy;
    let shown = if json {
        serde_json::to_string_pretty(&policy)?
    } else {
        describe(&policy)
    };
    Ok(writeln!(io::stdout(), "{shown}")?)
}

/// A policy for a person, in lines.
pub(super) fn describe(policy: &Policy) -> String {
    let after = policy.tokens_valid_after;
    let after = after.and_then(|after| after.format(&Rfc3339).ok());
    let tokens = after.map_or_else(
        || "none revoked".to_owned(),
        |after| format!("revoked if signed before {after}"),
    );
    [
        format!("accepted proofs   {}", policy.accepted_proofs),
        format!("attributes        unsigned: {}", policy.unsigned_attributes),
        format!("identity session  {} s", policy.identity_session),
        format!("token lifetime    {} s at most", policy.max_token_lifetime),
        format!("identity tokens   {tokens}"),
    ]
    .join("\n")
}

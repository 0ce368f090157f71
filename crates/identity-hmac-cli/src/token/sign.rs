//! `token sign`: a token for one visitor.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use identity_hmac::IdentityClaims;

use super::TimeArgs;
use crate::token_key::TokenKeyArgs;

/// Sign a token
///
/// It is written on a line. An attribute that is not given here stays as the vendor has it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  IDENTITY_TOKEN_KEY=… identity-hmac token sign --visitor-id \"$visitor_id\" --external-id user_123
  identity-hmac token sign --key-file key.txt --visitor-id \"$visitor_id\" --external-id user_123 \\
    --name 'Jane Doe' --email jane@example.com --metadata '{\"plan\": \"pro\"}' --expires-in 60")]
pub(crate) struct SignArgs {
    /// The visitor id as the chat gave it
    #[arg(long, value_name = "ID")]
    visitor_id: String,

    /// Your own id of the user
    #[arg(long, value_name = "ID")]
    external_id: String,

    /// The user's display name
    #[arg(long)]
    name: Option<String>,

    /// The user's e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// What else you say of the user: a JSON object, or null to clear what the vendor has
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,

    /// The organization key (pk_…) that the token is for [default: every organization with the key]
    #[arg(long, value_name = "PK")]
    audience: Option<String>,

    /// How long the token is valid: 1 to 86400. Most organizations accept at most 3600 [default: 300]
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,

    #[command(flatten)]
    key: TokenKeyArgs,

    #[command(flatten)]
    time: TimeArgs,
}

pub(crate) fn run(args: SignArgs) -> anyhow::Result<ExitCode> {
    let key = args.key.key()?;
    let mut claims = IdentityClaims::new(args.visitor_id, args.external_id);
    if let Some(name) = args.name {
        claims = claims.name(name);
    }
    if let Some(email) = args.email {
        claims = claims.email(email);
    }
    if let Some(metadata) = args.metadata {
        claims = claims.metadata_json(&metadata)?;
    }
    if let Some(audience) = args.audience {
        claims = claims.audience(audience);
    }
    if let Some(seconds) = args.expires_in {
        claims = claims.expires_in(seconds);
    }
    let token = key.sign(&claims, args.time.now())?;
    writeln!(io::stdout(), "{token}").context("cannot write the token")?;
    Ok(ExitCode::SUCCESS)
}

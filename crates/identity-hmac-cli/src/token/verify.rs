//! `token verify`: what a token says, if it is right.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use identity_hmac::TokenKeyring;

use super::TimeArgs;
use crate::exit;
use crate::message;
use crate::token_key::TokenKeyArgs;

/// Verify a token
///
/// If it is right, its claims are written as JSON, with the id of the key (kid). If not, the exit
/// code is 1, and the error's code and what to do are written on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  IDENTITY_TOKEN_KEY=… identity-hmac token verify --visitor-id \"$visitor_id\" -- \"$token\"
  identity-hmac token verify --key-file key.txt --visitor-id \"$visitor_id\" --audience pk_… -- \"$token\"

For a reason why a signature is wrong use `identity-hmac doctor token`.")]
pub(crate) struct VerifyArgs {
    /// The token as it was sent
    token: OsString,

    /// The visitor id that the token has to be for
    #[arg(long, value_name = "ID")]
    visitor_id: OsString,

    /// The organization key (pk_…). A token for another audience is refused, and without this option
    /// every token that names an audience
    #[arg(long, value_name = "PK")]
    audience: Option<String>,

    #[command(flatten)]
    key: TokenKeyArgs,

    #[command(flatten)]
    time: TimeArgs,
}

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let keyring = TokenKeyring::new(args.key.key()?);
    let verified = keyring.verify(
        args.token.as_encoded_bytes(),
        args.visitor_id.as_encoded_bytes(),
        args.audience.as_deref(),
        args.time.now(),
    );
    match verified {
        Ok(claims) => {
            let claims = serde_json::to_string(&claims)?;
            writeln!(io::stdout(), "{claims}").context("cannot write the claims")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            message::error(format_args!("{}: {error}", error.code()));
            Ok(exit::REFUSED.into())
        }
    }
}

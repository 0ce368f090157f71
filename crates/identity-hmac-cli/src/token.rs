//! `token`: identity tokens, which say who a visitor is.

mod sign;
mod verify;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

/// Sign and verify identity tokens
///
/// A token says who a visitor is, for a few minutes. It is a JSON Web Token (HS256). The identity
/// token key comes from the environment variable `IDENTITY_TOKEN_KEY` or from `--key-file`.
/// `keygen --token` makes one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  identity-hmac token sign --visitor-id \"$visitor_id\" --external-id user_123
  identity-hmac token verify --visitor-id \"$visitor_id\" -- \"$token\"
  identity-hmac doctor token -- \"$token\"")]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
}

pub(crate) fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        TokenCommand::Sign(args) => sign::run(args),
        TokenCommand::Verify(args) => verify::run(&args),
    }
}

/// The time of the call.
#[derive(Debug, Args)]
pub(crate) struct TimeArgs {
    /// The time of the call, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
}

impl TimeArgs {
    pub(crate) fn now(&self) -> u64 {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH);
        self.at
            .unwrap_or_else(|| now().map_or(0, |since| since.as_secs()))
    }
}

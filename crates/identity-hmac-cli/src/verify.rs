//! `verify`: whether signatures fit, for one pair from arguments or many from a file.

use std::process::ExitCode;

use clap::Args;

use crate::secret::{PreviousSecretArgs, SecretArgs};

/// Verify signatures
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    previous: PreviousSecretArgs,
}

pub(crate) fn run(args: VerifyArgs) -> anyhow::Result<ExitCode> {
    args.secret.key()?;
    args.previous.key()?;
    Ok(ExitCode::SUCCESS)
}

//! `doctor`: why a signature does not match.

use std::process::ExitCode;

use clap::Args;

use crate::secret::{PreviousSecretArgs, SecretArgs};

/// Find out why a signature does not match
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    previous: PreviousSecretArgs,
}

pub(crate) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    args.secret.bytes()?;
    args.previous.bytes()?;
    Ok(ExitCode::SUCCESS)
}

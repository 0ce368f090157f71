//! `sign`: signatures for ids from arguments, a file or standard input.

use std::process::ExitCode;

use clap::Args;

use crate::secret::SecretArgs;

/// Sign visitor ids
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    secret: SecretArgs,
}

pub(crate) fn run(args: SignArgs) -> anyhow::Result<ExitCode> {
    args.secret.key()?;
    Ok(ExitCode::SUCCESS)
}

//! `completions`: a script that completes this command's arguments in a shell.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Cli;

/// Write a script that completes this command's arguments in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  identity-hmac completions bash > ~/.local/share/bash-completion/completions/identity-hmac
  identity-hmac completions fish > ~/.config/fish/completions/identity-hmac.fish
  identity-hmac completions zsh  > ~/.zfunc/_identity-hmac")]
pub(crate) struct CompletionsArgs {
    /// The shell to write for
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    // Into memory first: the generator panics where standard output is closed.
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::stdout()
        .write_all(&script)
        .context("cannot write the script")?;
    Ok(ExitCode::SUCCESS)
}

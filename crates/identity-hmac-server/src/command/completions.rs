//! `completions`: a script that completes the arguments of this program in a shell.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// Write a script that completes this program's arguments in a shell
///
/// The Debian package and the archives bring the scripts. To install one by hand:
/// `identity-hmac-server completions bash > ~/.local/share/bash-completion/completions/identity-hmac-server`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to write for
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(script(args.shell).as_bytes())?)
}

/// The script for a shell, as packages carry it.
#[must_use]
pub fn script(shell: Shell) -> String {
    // Into memory first: the generator panics where standard output is closed.
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "identity-hmac-server",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    // The script for bash calls a subcommand by two names when the program's own has a hyphen, see
    // https://github.com/clap-rs/clap/issues/6421.
    script.replace(
        "identity__subcmd__hmac__subcmd__server__subcmd__",
        "identity__hmac__server__subcmd__",
    )
}

//! `completions`: a script that completes this command's arguments in a shell.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::Cli;

/// Write a script that completes this command's arguments in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  identity-hmac completions bash > ~/.local/share/bash-completion/completions/identity-hmac
  identity-hmac completions fish > ~/.config/fish/completions/identity-hmac.fish
  identity-hmac completions zsh  > ~/.zfunc/_identity-hmac    # a folder in $fpath")]
pub(crate) struct CompletionsArgs {
    /// The shell to write for
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    io::stdout()
        .write_all(script(args.shell).as_bytes())
        .context("cannot write the script")?;
    Ok(ExitCode::SUCCESS)
}

/// The script for a shell, as packages carry it.
#[must_use]
pub fn script(shell: Shell) -> String {
    // Into memory first: the generator panics where standard output is closed.
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        // The script calls a subcommand by two names when the command's own has a hyphen, see
        // https://github.com/clap-rs/clap/issues/6421.
        Shell::Bash => script.replace(
            "identity__subcmd__hmac__subcmd__",
            "identity__hmac__subcmd__",
        ),
        // The generator knows options only.
        Shell::Fish => {
            let shells = Shell::value_variants().iter().map(Shell::to_string);
            let shells = shells.collect::<Vec<_>>().join(" ");
            format!(
                "{script}complete -c identity-hmac -n \"__fish_identity_hmac_using_subcommand completions\" -f -a \"{shells}\"\n"
            )
        }
        Shell::Zsh => with_doctor_token(&script),
        _ => script.into_owned(),
    }
}

/// The generator of zsh looks for a subcommand behind the positional arguments; `token` stands in
/// their place.
fn with_doctor_token(script: &str) -> String {
    let doctor = "(doctor)\n_arguments";
    let token = script
        .split_once(doctor)
        .and_then(|(_, script)| script.split_once("(token)\n"))
        .and_then(|(_, script)| script.split_once(";;"));
    let Some((token, _)) = token else {
        return script.to_owned();
    };
    let in_their_place = format!(
        "(doctor)\n\
         if (( CURRENT > 2 )) && [[ $words[2] == token ]]; then\n\
         shift words\n\
         (( CURRENT -= 1 ))\n\
         {token}return ret\n\
         fi\n\
         _arguments"
    );
    script.replacen(doctor, &in_their_place, 1).replacen(
        "':id -- The visitor id as the chat gave it:_default'",
        "':id -- The visitor id as the chat gave it:_identity-hmac__subcmd__doctor_commands'",
        1,
    )
}

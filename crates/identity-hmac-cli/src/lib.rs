//! The command `identity-hmac`: make a secret, sign and verify visitor ids, and find out why a
//! hmac does not match.
//!
//! A library only so that tests reach its parts. To sign and verify in a program, take the crate
//! `identity-hmac`.

mod batch;
mod completions;
mod doctor;
mod encoding;
mod exit;
mod format;
mod input;
mod keygen;
mod lines;
mod message;
mod output;
mod pipeline;
mod secret;
mod sign;
mod stdin;
mod token;
mod token_key;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
pub use completions::script as completions;

/// Sign and verify the HMAC that proves to a chat vendor who an anonymous visitor is.
///
/// The identity verification secret comes from the environment variable `IDENTITY_SECRET` or from
/// `--secret-file`, never from an argument, where other users of the machine could read it.
#[derive(Debug, Parser)]
#[command(name = "identity-hmac", version, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Keygen(keygen::KeygenArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Token(token::TokenArgs),
    Doctor(doctor::DoctorArgs),
    Completions(completions::CompletionsArgs),
}

/// The arguments of the command, from which its manual is made.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command with the arguments and the environment of this process.
#[must_use]
pub fn run() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(answer) => return exit::report_usage(&answer, std::env::args_os()),
    };
    let done = match command {
        Command::Keygen(args) => keygen::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Token(args) => token::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(&args),
    };
    done.unwrap_or_else(|error| exit::report(&error))
}

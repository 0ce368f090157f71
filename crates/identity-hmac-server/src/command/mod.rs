//! The commands: serving, and what an operator does to the database itself, without an admin token.

mod identity;
mod org;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::admin_token;
use crate::config::{LogFormat, ServeArgs, StateArgs};
use crate::serve;

/// The chat vendor's side of identity verification: identify() as a service.
#[derive(Debug, Parser)]
#[command(
    name = "identity-hmac-server",
    version,
    after_help = "Exit codes: 0 done, 1 it could not be done, 2 wrong arguments."
)]
struct Cli {
    #[command(flatten)]
    state: StateArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<ServeArgs>),
    #[command(subcommand)]
    Org(org::OrgCommand),
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Make a new admin token in place of the one that the first start made, and print it once
    ResetAdminToken,
}

/// Runs the command line of the process.
#[must_use]
pub fn run() -> ExitCode {
    let Cli { state, command } = Cli::parse();
    match start(&state, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed as well.
            let _ = writeln!(io::stderr(), "identity-hmac-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(state: &StateArgs, command: Command) -> anyhow::Result<()> {
    log(state)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(args) => serve::run(state, &args).await,
            Command::Org(command) => org::run(state, command).await,
            Command::Identity(command) => identity::run(state, command).await,
            Command::ResetAdminToken => {
                let store = state.store()?;
                store.migrate().await?;
                let token = admin_token::replace(&store).await?;
                Ok(writeln!(io::stdout(), "{}", *token)?)
            }
        }
    })
}

fn log(state: &StateArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&state.log).context("--log")?;
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter);
    match state.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Whoever read the output has read enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

//! The commands: serving, and what an operator does to the database itself, without an admin token.

mod audit;
mod completions;
mod healthcheck;
mod identity;
mod org;
mod org_delete;
mod org_keys;
mod org_policy;
mod org_stats;
mod secret_output;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{CommandFactory, Parser, Subcommand};
pub use completions::script as completions;

use crate::admin_token;
use crate::audit::Actor;
use crate::config::{ServeArgs, StateArgs, admin_token_variable};
use crate::log::Log;
use crate::master_key_rotation;
use crate::serve;
use crate::shown_once;
use crate::store::{Applied, Store};
use crate::token::generate_admin_token;

/// The chat vendor's side of identity verification, as a service.
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
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Make the schema, or bring it up to date, and print what was done
    ///
    /// `serve` does it by itself unless it is started with --migrate=never. A new SQLite file is
    /// made. Statements may take any time; waiting for a lock ends after 2 s and is tried ten times.
    Migrate,
    #[command(subcommand)]
    Org(org::OrgCommand),
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Seal everything with a new master key in place of the old one, while processes serve
    ///
    /// Give both keys, the new one first, to every process and to this command. It prints how many
    /// secrets it sealed again. After an interruption, run it again.
    RotateMasterKey,
    /// Make a new admin token in place of the one that the first start made, and print it once
    ///
    /// A service that is given a token with --admin-token-file or in its environment takes no other:
    /// change it there. If this command's environment has one of the two variables, it makes none.
    ResetAdminToken,
    Completions(completions::CompletionsArgs),
}

/// The arguments of the program, from which its manual is made.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line of the process.
#[must_use]
pub fn run() -> ExitCode {
    let Cli { state, command } = Cli::parse();
    let mut log = match Log::start(&state) {
        Ok(log) => log,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "{}", failure(&error));
            return ExitCode::FAILURE;
        }
    };
    match start(&state, command, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            log.line(&failure(&error));
            ExitCode::FAILURE
        }
    }
}

fn failure(error: &anyhow::Error) -> String {
    format!("identity-hmac-server: {error:#}")
}

fn start(state: &StateArgs, command: Command, log: &Log) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(args) => Box::pin(serve::run(state, &args, log.dropped())).await,
            Command::Healthcheck(args) => healthcheck::run(&args).await,
            Command::Migrate => migrate(state).await,
            Command::Org(command) => {
                let run = async |store: &Store| org::run(state, store, command).await;
                Box::pin(with_store(state, run)).await
            }
            Command::Identity(command) => {
                with_store(state, async |store| identity::run(store, command).await).await
            }
            Command::Completions(args) => completions::run(&args),
            Command::Audit(command) => {
                with_store(state, async |store| audit::run(store, command).await).await
            }
            Command::RotateMasterKey => {
                with_store(state, async |store| rotate_master_key(state, store).await).await
            }
            Command::ResetAdminToken => {
                if let Some(name) = admin_token_variable() {
                    bail!(
                        "{name} is set: a service that has it takes that token and no other, so a new one \
                         would be refused. Change the token there; or unset the variable, here and for \
                         the service, and run this again"
                    );
                }
                shown_once::check_output()?;
                let token = generate_admin_token()?;
                with_store(state, async |store| {
                    shown_once::print(&token)?;
                    admin_token::replace(store, &token, &Actor::command())
                        .await
                        .context("the token may not count: make another one")?;
                    tracing::info!(
                        "the new token counts in every service that gets none from a file or the environment"
                    );
                    Ok(())
                })
                .await
            }
        }
    })
}

async fn migrate(state: &StateArgs) -> anyhow::Result<()> {
    let store = state.store()?;
    let applied = store.migrate().await;
    store.close().await;
    let applied = applied?;
    let mut out = io::stdout().lock();
    if applied.is_empty() {
        writeln!(out, "nothing to do: the schema is what this version needs")?;
    }
    for Applied { number, name } in applied {
        writeln!(out, "applied {number}: {name}")?;
    }
    Ok(())
}

async fn rotate_master_key(state: &StateArgs, store: &Store) -> anyhow::Result<()> {
    let keys = state.master_key_source(store)?.master_keys(store).await?;
    let count = master_key_rotation::run(store, &keys, &Actor::command()).await?;
    Ok(writeln!(
        io::stdout(),
        "secrets sealed with the new master key: {count}; nothing is sealed with another one any more"
    )?)
}

/// Opens the database for one command; the schema has to be there. Closes it also when the command
/// fails: otherwise SQLite leaves its log beside the file.
async fn with_store<T>(
    state: &StateArgs,
    run: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = state.store()?;
    let done = async {
        store.check_schema().await?;
        run(&store).await
    };
    let done = done.await;
    store.close().await;
    done
}

/// The reader of the output has read enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

//! What every test needs: a database, the service on it, and someone who calls it.

mod absent;
mod backend;
mod browser;
mod caller;
mod database;
mod pgbouncer;
mod postgres;
mod process;
mod proxy;
mod session;
mod signer;
mod stall;
mod wire;

pub(crate) use absent::without_postgres;
pub(crate) use backend::Backend;
pub(crate) use browser::Browser;
pub(crate) use caller::{Answer, Organization, Visitor, http, kept};
pub(crate) use database::Database;
pub(crate) use pgbouncer::PgBouncer;
pub(crate) use postgres::{Cluster, with_own_mounts};
pub(crate) use process::{ADMIN_TOKEN, Service, command, migrate, serve};
pub(crate) use proxy::Proxy;
pub(crate) use session::Session;
pub(crate) use signer::{Signer, seconds};
pub(crate) use stall::{ask_and_not_read, padding, stall, stalls};
pub(crate) use wire::Wire;

/// How often a slow thing is done: `whole` times when `IDENTITY_TEST_LONG=1`, as `make prove` sets it.
pub(crate) fn times(short: usize, whole: usize) -> usize {
    match std::env::var("IDENTITY_TEST_LONG") {
        Ok(long) if long == "1" => whole,
        _ => short,
    }
}

/// Tells what a test has shown, in a line of its own, for `make prove`.
#[expect(clippy::print_stdout, reason = "the test's own output")]
pub(crate) fn proved(claim: &str, figure: impl std::fmt::Display) {
    println!("\nproved: {claim}: {figure}");
}

/// Runs each test once on SQLite and, where there is one, once on PostgreSQL.
macro_rules! on_both_databases {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident: Database) $body:block)+) => {
        $(
            $(#[$doc])*
            mod $name {
                #[allow(unused_imports, reason = "not every test uses all that its file does")]
                use super::*;

                async fn run($database: Database) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    run(Database::sqlite()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    if crate::harness::without_postgres() {
                        return;
                    }
                    run(Database::postgres().await).await;
                }
            }
        )+
    };
}
pub(crate) use on_both_databases;

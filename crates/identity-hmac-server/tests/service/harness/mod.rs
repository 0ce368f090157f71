//! What every test needs: a database, the service on it, and someone who calls it.

mod caller;
mod database;
mod postgres;
mod process;

pub(crate) use caller::{Answer, Organization, Visitor};
pub(crate) use database::Database;
pub(crate) use postgres::Cluster;
pub(crate) use process::{Service, command};

/// Runs each test once on SQLite and once on PostgreSQL.
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
                    run(Database::postgres().await).await;
                }
            }
        )+
    };
}
pub(crate) use on_both_databases;

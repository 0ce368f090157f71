//! The database behind the service's back.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, SqliteConnection};

use super::database::Database;

/// A connection of the test's own. What it locks is free again when it is dropped.
#[derive(Debug)]
pub(crate) enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Session {
    pub(crate) async fn open(database: &Database) -> Self {
        let url = &database.url;
        if database.is_postgres() {
            let options = PgConnectOptions::from_str(url).unwrap();
            Self::Postgres(options.connect().await.unwrap())
        } else {
            let options = SqliteConnectOptions::from_str(url).unwrap();
            Self::Sqlite(options.connect().await.unwrap())
        }
    }

    /// Runs statements.
    pub(crate) async fn execute(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => drop(connection.execute(sql).await.unwrap()),
            Self::Postgres(connection) => drop(connection.execute(sql).await.unwrap()),
        }
    }

    /// Reads a column of text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
        }
        .unwrap()
    }

    /// Reads the one number that a query gives.
    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .unwrap()
    }

    /// Every row of every table, as text, without the times at which keys were used.
    pub(crate) async fn rows(&mut self) -> Vec<String> {
        self.rows_of(&[
            "settings",
            "organizations",
            "visitors",
            "identities",
            "persons",
            "api_keys",
            "token_keys",
            "dashboard_sessions",
            "audit_events",
        ])
        .await
    }

    /// The same of some tables.
    pub(crate) async fn rows_of(&mut self, tables: &[&str]) -> Vec<String> {
        let mut rows = Vec::new();
        for table in tables {
            let row = match self {
                Self::Postgres(_) => "(to_jsonb(t) - 'last_used_at')::text".to_owned(),
                Self::Sqlite(_) => {
                    let columns = format!(
                        "SELECT group_concat('quote(' || name || ')', ' || '','' || ')
                        FROM pragma_table_info('{table}') WHERE name <> 'last_used_at'"
                    );
                    self.texts(&columns).await.remove(0)
                }
            };
            let sql = format!("SELECT {row} FROM {table} t ORDER BY 1");
            rows.extend(self.texts(&sql).await);
        }
        rows
    }

    /// Ends every connection that a service has to this PostgreSQL database; returns how many.
    pub(crate) async fn end_connections(&mut self) -> usize {
        // All at once: the function waits for one of them only, and for 100 ms.
        let ended = self
            .texts(
                "SELECT pid::text FROM (SELECT pid, pg_terminate_backend(pid)
                FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'identity-hmac-server') ended",
            )
            .await;
        let left = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid::text IN ('{}')",
            ended.join("', '")
        );
        while self.number(&left).await > 0 {}
        ended.len()
    }

    /// Keeps everybody else from writing a record for as long as this session is there.
    pub(crate) async fn lock_identities(&mut self) {
        self.execute(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN; LOCK TABLE identities IN EXCLUSIVE MODE",
        })
        .await;
    }
}

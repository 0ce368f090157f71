//! What can go wrong with the database, sorted by what the caller has to do about it.

use std::io;
use std::path::PathBuf;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// A database that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database that the service can use. It may hold a password, so it is not
    /// repeated.
    #[error(
        "the database URL cannot be used: {0}; give sqlite:FILE or postgres://USER@HOST/DATABASE"
    )]
    Url(String),
    /// The SQLite file cannot be opened or created.
    #[error("the database file {} cannot be opened: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The schema in the database is not one that this version can bring up to date.
    #[error("the database schema cannot be brought up to date: {0}")]
    Schema(MigrateError),
    /// The merged metadata would be larger than it may be, in bytes.
    #[error("the merged metadata would be larger than {limit} bytes")]
    MetadataTooLarge {
        /// The largest size.
        limit: usize,
    },
    /// A stored value that this version cannot have written.
    #[error("the database holds a {0} that cannot be read")]
    Corrupt(&'static str),
    /// Any other failure of the database or of the way to it.
    #[error("{}", told(.0))]
    Database(sqlx::Error),
}

impl StoreError {
    /// Whether the same transaction may succeed when it is run again (SQLSTATE 40001
    /// `serialization_failure`, 40P01 `deadlock_detected`).
    pub(crate) fn is_serialization_failure(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        matches!(code.as_deref(), Some("40001" | "40P01"))
    }

    /// Whether waiting may help: the database is not reached, starting, stopping or overloaded
    /// (SQLSTATE classes 08, 53 and 57).
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                ["08", "53", "57"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            Self::Database(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed,
            ) => true,
            _ => self.is_serialization_failure(),
        }
    }
}

/// The pool keeps trying to connect, and in the end knows no reason.
fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => {
            "the database gave no connection in time: check that it runs, that --database names \
             it, and that it is not overloaded"
                .to_owned()
        }
        error => format!("the database failed: {error}"),
    }
}

/// Not as a source: the message tells of it already.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::Database(error)
            }
            other => Self::Schema(other),
        }
    }
}

//! What can go wrong with the database, sorted by what the caller has to do about it.

use std::io;
use std::path::PathBuf;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// Messages of `PgBouncer` after which waiting does not help. All of them have SQLSTATE 08P01.
const POOLER_REFUSALS: [&str; 8] = [
    "unsupported startup parameter",
    "no such database",
    "no such user",
    "auth",
    "bouncer config error",
    "login rejected",
    "SSL required",
    "statement pooling mode",
];

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
    #[error(
        "the database file {} cannot be opened: {error}: check --database, and that this user may read and \
         write the file and its folder",
        path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// There is no such SQLite file.
    #[error(
        "there is no database file {}: check --database, or make the file with `identity-hmac-server \
         migrate`",
        path.display()
    )]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// The database is empty.
    #[error(
        "the database has no schema yet: run `identity-hmac-server migrate` (or `serve` with \
         --migrate=auto) first"
    )]
    NoSchema,
    /// The schema is older than this program needs.
    #[error(
        "the database schema is older than this version needs: run `identity-hmac-server migrate` (or \
         `serve` with --migrate=auto) first"
    )]
    OldSchema,
    /// The schema is newer than this program can use.
    #[error(
        "the database schema is too new for this version: it needs one that knows migration {oldest}, \
         and this one knows {newest}: run a newer identity-hmac-server"
    )]
    NewSchema {
        /// The newest migration that the oldest program knows which can use the schema.
        oldest: i64,
        /// The newest migration that this program knows.
        newest: i64,
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
    /// The change would leave no key with which a call can be verified, while each has to be.
    #[error(
        "the organization requires a token for each call, and would have no token key to verify one: \
         make a token key first, or accept the hmac as well, or do not require verification"
    )]
    NoUsableKey,
    /// The visitor was verified as another person before.
    #[error("the visitor belongs to another user")]
    OtherPerson,
    /// The visitor is not there any more.
    #[error("the visitor was erased")]
    NoVisitor,
    /// A stored value that this version cannot have written.
    #[error("the database holds a {0} that cannot be read")]
    Corrupt(&'static str),
    /// No connection came free, or could be made, in time.
    #[error(
        "the database gave no connection in time: check that it runs, that --database names it, and \
         that it is not overloaded"
    )]
    NoConnection,
    /// A connection that was there gave no answer in time.
    #[error("the database did not answer in time: the connection is given up")]
    NoAnswer,
    /// A connection was lost while it was unused, before anything was written on it.
    #[error("the connection to the database was lost")]
    LostUnused,
    /// The transaction failed in which this call and others were to be committed.
    #[error("the call and those beside it could not be committed: {0}")]
    NotCommitted(String),
    /// The server takes no writes.
    #[error(
        "the database takes no writes: it is a standby, or default_transaction_read_only is on"
    )]
    ReadOnly,
    /// Any other failure of the database or of the way to it.
    #[error("{}", told(.0))]
    Database(sqlx::Error),
}

impl StoreError {
    /// Whether the same transaction may succeed when it is run again (SQLSTATE 40001
    /// `serialization_failure`, 40P01 `deadlock_detected`).
    pub(crate) fn is_serialization_failure(&self) -> bool {
        self.has_sqlstate(&["40001", "40P01"])
    }

    /// Whether the attempt is to be made again: it was not ordered among the others, or its connection
    /// was lost before.
    pub(crate) fn is_to_be_repeated(&self) -> bool {
        self.is_serialization_failure()
            || self.is_of_erased_record()
            || matches!(self, Self::LostUnused)
    }

    /// Whether two calls wrote at once into a record that an erasure had just taken. `ON CONFLICT` looks
    /// at the primary key alone, so PostgreSQL can find the same record by its id first.
    fn is_of_erased_record(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        let constraint = error
            .as_database_error()
            .and_then(DatabaseError::constraint);
        constraint == Some("identities_by_id")
    }

    /// Whether waiting may help: the database is not reached, starting, stopping, overloaded or a
    /// standby (SQLSTATE classes 08, 53 and 57, and 25006).
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NoConnection
            | Self::NoAnswer
            | Self::LostUnused
            | Self::ReadOnly
            | Self::Database(sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                self.has_sqlstate(&["08", "53", "57", "25006", "40001", "40P01"])
                    && !is_refused_by_pooler(&**error)
            }
            // InvalidData comes from TLS, PermissionDenied from a socket.
            Self::Database(sqlx::Error::Io(error)) => !matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied
            ),
            _ => false,
        }
    }

    /// Whether the connection is of no use any more, and others that were made before may not be
    /// either: it broke, or its server stops (57P01 to 57P05) or takes no writes (25006).
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(_)) => self.has_sqlstate(&["08", "57P", "25006"]),
            Self::Database(sqlx::Error::RowNotFound) => false,
            Self::Database(_) | Self::NoAnswer | Self::ReadOnly => true,
            _ => false,
        }
    }

    /// Whether a row refers to one that is not there, or would.
    pub(crate) fn is_foreign_key_violation(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        error
            .as_database_error()
            .is_some_and(DatabaseError::is_foreign_key_violation)
    }

    /// Whether a migration waited too long for a lock (SQLSTATE 55P03 `lock_not_available`).
    pub(crate) fn is_lock_timeout(&self) -> bool {
        self.has_sqlstate(&["55P03"])
    }

    /// Whether two processes that migrate at once may be the cause.
    pub(crate) fn may_be_of_race(&self) -> bool {
        self.is_serialization_failure()
            || (matches!(self, Self::Database(_)) && !self.is_temporary())
    }

    /// Whether a statement named a table that is not there (SQLSTATE 42P01 `undefined_table`).
    pub(crate) fn is_missing_table(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        // SQLite has no code for it.
        self.has_sqlstate(&["42P01"]) || error.message().starts_with("no such table")
    }

    /// Whether it is the database's own word, with an SQLSTATE that begins with one of these.
    pub(crate) fn has_sqlstate(&self, beginnings: &[&str]) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        code.is_some_and(|code| beginnings.iter().any(|begin| code.starts_with(begin)))
    }
}

fn is_refused_by_pooler(error: &dyn DatabaseError) -> bool {
    let message = error.message();
    error.code().as_deref() == Some("08P01")
        && POOLER_REFUSALS
            .iter()
            .any(|refusal| message.contains(refusal))
}

/// The failure, and the remedy where one is known.
fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => StoreError::NoConnection.to_string(),
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            let told = error.to_string();
            let remedy = if told.contains("UnsupportedCertVersion") {
                "the server's certificate is of X.509 version 1, which this service cannot read: \
                 give the server one of version 3, as `openssl req -x509` makes, or say \
                 sslmode=disable where the network is your own"
            } else if told.contains("UnknownIssuer") {
                "name the authority that signed the server's certificate with sslrootcert"
            } else if told.contains("NotValidForName") || told.contains("not valid for name") {
                "connect by a name that is in the server's certificate"
            } else {
                "see TLS to PostgreSQL in docs/operating.md"
            };
            format!("TLS to the database failed: {told}: {remedy}")
        }
        sqlx::Error::Database(error) => {
            let remedy = match error.code().as_deref() {
                Some("55P03") => {
                    ": a transaction locks a table that a migration changes: look for it in \
                     pg_stat_activity, and migrate again"
                }
                Some("42501") => ": see Roles in docs/operating.md",
                _ => "",
            };
            format!("the database failed: {error}{remedy}")
        }
        sqlx::Error::Io(error) => format!(
            "the database cannot be reached: {error}: check that it runs, and that --database names its \
             host and port"
        ),
        error => format!("the database failed: {error}"),
    }
}

/// Not as a source: the message has its text already.
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

//! Makes a connection: picks the host, tries TLS, and finds out whether there is a pooler.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection, Row};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Link;
use super::target::{Host, SessionAttrs, Target};
use crate::store::{DATABASE_DEADLINE, StoreError};

/// How long to wait before all hosts are tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// A name that the session itself keeps. A pooler does not pass it on.
const SESSION: &str = "identity.session";

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Calls,
    Migrations,
}

impl Purpose {
    /// The deadlines of its statements on the server, in milliseconds; 0 for none. A process that
    /// froze in a transaction does not keep its locks.
    fn deadlines(self) -> [(&'static str, String); 3] {
        let (statement, lock) = match self {
            Self::Calls => (DATABASE_DEADLINE, Duration::ZERO),
            // Building an index takes its time. Waiting for a lock keeps all those waiting that come
            // after: they are still served within their own deadline.
            Self::Migrations => (Duration::ZERO, DATABASE_DEADLINE / 2),
        };
        [
            ("statement_timeout", statement),
            ("lock_timeout", lock),
            ("idle_in_transaction_session_timeout", DATABASE_DEADLINE),
        ]
        .map(|(name, deadline)| (name, deadline.as_millis().to_string()))
    }

    /// Starts a transaction behind a pooler, with the deadlines in it: one round trip.
    pub(super) fn begin_shared(self) -> String {
        let set = |(name, value)| format!("; SET LOCAL {name} = {value}");
        let deadlines: String = self.deadlines().into_iter().map(set).collect();
        format!("BEGIN{deadlines}")
    }
}

/// The same for each call, made once.
pub(super) static BEGIN_SHARED: LazyLock<String> = LazyLock::new(|| Purpose::Calls.begin_shared());

impl Target {
    /// Connects to the first host that is there and has the session that was asked for. Waits for one
    /// that is only absent.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<Link, StoreError> {
        let start = Instant::now();
        // Each host gets its part, so that one that does not answer leaves time for the others.
        let part = DATABASE_DEADLINE / u32::try_from(self.hosts.len()).unwrap_or(1);
        loop {
            let mut absent = StoreError::NoConnection;
            for host in &self.hosts {
                let left = DATABASE_DEADLINE.saturating_sub(start.elapsed());
                match timeout(part.min(left), self.connect_to(host, purpose)).await {
                    Ok(Ok(link)) => return Ok(link),
                    Ok(Err(error)) if error.is_temporary() => absent = error,
                    Ok(Err(error)) => return Err(error),
                    Err(_) => absent = StoreError::NoConnection,
                }
            }
            if start.elapsed() + PAUSE >= DATABASE_DEADLINE {
                return Err(absent);
            }
            sleep(PAUSE).await;
        }
    }

    async fn connect_to(&self, host: &Host, purpose: Purpose) -> Result<Link, StoreError> {
        let mut link = host.connect(purpose).await?;
        let (sql, wanted) = match self.session_attrs {
            SessionAttrs::Any => return Ok(link),
            SessionAttrs::ReadWrite => ("SELECT current_setting('transaction_read_only')", "off"),
            SessionAttrs::Primary => ("SELECT pg_is_in_recovery()::text", "false"),
        };
        if let Some(connection) = &mut link.connection
            && text(connection, sql).await?.as_deref() != Some(wanted)
        {
            return Err(StoreError::ReadOnly);
        }
        Ok(link)
    }
}

impl Host {
    /// Connects, encrypted or not: where the URL leaves that open, the server may refuse one of them.
    async fn connect(&self, purpose: Purpose) -> Result<Link, StoreError> {
        let mut refused = StoreError::NoConnection;
        for mode in self.ssl_modes {
            match establish(&self.options.clone().ssl_mode(*mode), purpose).await {
                // invalid_authorization_specification, as when pg_hba.conf has no entry.
                Err(error) if error.has_sqlstate(&["28000"]) => refused = error,
                established => return established,
            }
        }
        Err(refused)
    }
}

/// Connects with the deadlines in the session, or to a pooler, which has no session to keep them in.
async fn establish(options: &PgConnectOptions, purpose: Purpose) -> Result<Link, StoreError> {
    let session = Uuid::new_v4().to_string();
    let own = options
        .clone()
        .options(purpose.deadlines())
        .options([(SESSION, &session)]);
    let has_options = options.get_options().is_some();
    let mut connection = match own.connect().await.map_err(StoreError::from) {
        // protocol_violation, undefined_object, invalid_parameter_value: what a pooler says of options
        // that it does not know.
        Err(error) if error.has_sqlstate(&["08P01", "42704", "22023"]) && !has_options => {
            return Ok(Link {
                connection: Some(options.connect().await?),
                is_shared: true,
                unused: Duration::ZERO,
            });
        }
        connected => connected?,
    };
    let known = text(
        &mut connection,
        "SELECT current_setting('identity.session', true)",
    );
    let is_shared = known.await?.as_deref() != Some(&session);
    if is_shared && has_options {
        return Err(StoreError::Url(
            "`options` does not reach the server through the connection pooler: set them with ALTER \
             ROLE … SET"
                .to_owned(),
        ));
    }
    Ok(Link {
        connection: Some(connection),
        is_shared,
        unused: Duration::ZERO,
    })
}

/// Asks for one text, in a single message: nothing is prepared, so any pooler lets it pass.
async fn text(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<Option<String>, StoreError> {
    Ok(connection.fetch_one(sql).await?.try_get(0)?)
}

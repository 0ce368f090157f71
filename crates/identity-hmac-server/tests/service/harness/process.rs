//! The service as a process.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::caller::{Answer, Organization, http};
use super::database::Database;

/// The admin token of the services that are started here.
pub(crate) const ADMIN_TOKEN: &str = "admin-token-of-the-tests";
/// The master key of the services that are started here on PostgreSQL, where one has to be given.
const MASTER_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// How long anything may take that has no reason to take long.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary with the database's URL and what that needs, in the database's folder. The system chooses
/// the port of the admin interface; nothing else is configured.
pub(crate) fn command(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity-hmac-server"));
    command
        .env_clear()
        .env("IDENTITY_DATABASE", database.url_of_the_service())
        .env("IDENTITY_ADMIN_LISTEN", "127.0.0.1:0")
        .current_dir(database.folder())
        .stdin(Stdio::null());
    if database.is_postgres() {
        command.env("IDENTITY_MASTER_KEY", MASTER_KEY);
    }
    command
}

/// Makes the schema, as an operator does before other commands.
#[track_caller]
pub(crate) fn migrate(database: &Database) {
    let migrated = command(database).arg("migrate").output().unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
}

/// The command that serves, at a port that the system chooses.
pub(crate) fn serve(database: &Database, args: &[&str]) -> Command {
    let mut command = command(database);
    command
        .args(["serve", "--listen=127.0.0.1:0"])
        .args(args)
        .env("IDENTITY_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

/// A port of the loopback address that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// A running service. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    /// The same of the admin interface; empty when there is none.
    pub(crate) admin_url: String,
    pub(crate) admin_token: String,
    output: PathBuf,
    log: PathBuf,
}

impl Service {
    /// Starts the service without limits for each address, visitor and organization, and waits until it
    /// listens.
    pub(crate) fn start(database: &Database) -> Self {
        let unlimited = [
            "--address-rate=0",
            "--visitor-rate=0",
            "--organization-visitor-rate=0",
            "--server-rate=0",
            "--max-connections-per-address=0",
        ];
        Self::start_with(database, &unlimited)
    }

    /// Starts the service with the arguments given and waits until it listens.
    pub(crate) fn start_with(database: &Database, args: &[&str]) -> Self {
        Self::start_command(database, serve(database, args))
    }

    /// Starts a command that becomes the service and waits until it listens.
    pub(crate) fn start_command(database: &Database, mut command: Command) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let output = database.folder().join(format!("output-{count}"));
        let log = database.folder().join(format!("log-{count}"));
        let child = command
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut service = Self {
            child,
            url: String::new(),
            admin_url: String::new(),
            admin_token: ADMIN_TOKEN.to_owned(),
            output,
            log,
        };
        let start = Instant::now();
        while !service.listens() {
            let ended = service.child.try_wait().unwrap();
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "the service does not start: {}",
                service.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        service
    }

    /// Starts the service with an output and a log that the harness does not read, and waits until it
    /// answers.
    pub(crate) async fn start_unheard(
        database: &Database,
        args: &[&str],
        output: impl Into<Stdio>,
        log: impl Into<Stdio>,
    ) -> Self {
        let [address, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let child = command(database)
            .args(["serve", "--listen", &address, "--admin-listen", &admin])
            .args(args)
            .env("IDENTITY_ADMIN_TOKEN", ADMIN_TOKEN)
            .stdout(output)
            .stderr(log)
            .spawn()
            .unwrap();
        let service = Self {
            child,
            url: format!("http://{address}"),
            admin_url: format!("http://{admin}"),
            admin_token: ADMIN_TOKEN.to_owned(),
            output: PathBuf::new(),
            log: PathBuf::new(),
        };
        service.until_ready(200).await;
        service
    }

    /// Reads where the service listens; false while it does not.
    fn listens(&mut self) -> bool {
        let output = self.output();
        let url = |said: &str| {
            let mut lines = output.split_inclusive('\n');
            let line = lines.find_map(|line| line.strip_prefix(said))?;
            line.strip_suffix('\n').map(str::to_owned)
        };
        self.admin_url = url("admin interface on ").unwrap_or_default();
        self.url = url("listening on ").unwrap_or_default();
        !self.url.is_empty()
    }

    /// What the service wrote to its standard output.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// What the service wrote to its log; nothing when that went elsewhere.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What the service wrote to its log up to now, which it does behind the answers: a further call's
    /// line ends it.
    pub(crate) async fn settled_log(&self) -> String {
        let last = self.get("/healthz").await;
        let id = last.headers["x-request-id"].to_str().unwrap();
        let start = Instant::now();
        loop {
            let log = self.log();
            if log.contains(id) {
                return log;
            }
            assert!(start.elapsed() < PATIENCE, "{id} is not in the log");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Creates an organization.
    pub(crate) async fn organization(&self) -> Organization {
        Organization::create(self).await
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(http().get(format!("{}{path}", self.url))).await
    }

    /// Asks the admin interface for a path.
    pub(crate) async fn admin_get(&self, path: &str) -> Answer {
        Answer::to(http().get(format!("{}{path}", self.admin_url))).await
    }

    /// The count of a metric's series, as in `name{label="value"}`; 0 while it is not there.
    pub(crate) async fn count(&self, series: &str) -> usize {
        let metrics = self.admin_get("/metrics").await.text;
        let mut lines = metrics.lines();
        lines
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until `/readyz` answers with this status.
    pub(crate) async fn until_ready(&self, status: u16) {
        let start = Instant::now();
        loop {
            let answer = http().get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status() == status) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "never {status}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends a signal by its name, as in `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A real `PgBouncer` between the service and its database.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::database::Database;
use super::postgres::{Cluster, as_unprivileged, unprivileged};
use super::process::free_port;

/// A running `PgBouncer`. It ends when it is dropped, and with the process of the tests.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    supervisor: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts `PgBouncer` in front of a database, with `settings` of its own.
    pub(crate) fn start(database: &Database, settings: &str) -> Self {
        Self::start_for(database.name(), database.port(), settings)
    }

    /// The one that `IDENTITY_TEST_PGBOUNCER` asks for, with these settings, in front of every database
    /// that the tests share. `make platforms` sets it.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<PgBouncer>> = LazyLock::new(|| {
            let settings = std::env::var("IDENTITY_TEST_PGBOUNCER").ok()?;
            let settings = format!("pool_mode = transaction\nmax_client_conn = 1000\n{settings}");
            Some(PgBouncer::start_for(
                "*",
                Cluster::shared().port(),
                &settings,
            ))
        });
        SHARED.as_ref()
    }

    fn start_for(name: &str, server: u16, settings: &str) -> Self {
        // Its standard input is closed when the process of the tests ends, however that ends.
        const SUPERVISE: &str = r#""$@" & read -r _; kill $!; wait $!"#;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let port = free_port();
        let text = format!(
            "[databases]\n{name} = host=127.0.0.1 port={server} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\nserver_tls_sslmode = disable\n{settings}\n"
        );
        fs::write(&file, text).unwrap();
        if let Some((user, group)) = unprivileged() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let program = as_unprivileged(Path::new("/usr/sbin/pgbouncer"));
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISE, "pgbouncer"])
            .arg(program.get_program())
            .args(program.get_args())
            .arg("--quiet")
            .arg(&file)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "PgBouncer does not start: is it installed? `make setup`, or apt-get install pgbouncer"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            supervisor,
            port,
            _folder: folder,
        }
    }

    /// The database behind this `PgBouncer`, as the service is to reach it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

//! A real `PgBouncer` between the service and its database.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::database::Database;
use super::postgres::{as_unprivileged, unprivileged};
use super::process::free_port;

/// A running `PgBouncer`. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts `PgBouncer` in front of a database, with `settings` of its own.
    pub(crate) async fn start(database: &Database, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let (server, port) = (database.port(), free_port());
        let name = database.name();
        let text = format!(
            "[databases]\n{name} = host=127.0.0.1 port={server} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\nserver_tls_sslmode = disable\n{settings}\n"
        );
        fs::write(&file, text).unwrap();
        if let Some((user, group)) = unprivileged() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let child = as_unprivileged(Path::new("/usr/sbin/pgbouncer"))
            .arg("--quiet")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs PgBouncer: `make setup`, or apt-get install pgbouncer");
        let start = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "PgBouncer does not start"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            child,
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
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A fresh database for one test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::pgbouncer::PgBouncer;
use super::postgres::Cluster;

/// A fresh database, and a folder beside it where the service runs.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) url: String,
    folder: Arc<TempDir>,
}

impl Database {
    /// A SQLite file in a folder of its own.
    pub(crate) fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// A SQLite file in memory, where no other program's writes keep it waiting.
    pub(crate) fn sqlite_on_tmpfs() -> Self {
        Self::sqlite_in(tempfile::tempdir_in("/dev/shm").unwrap())
    }

    fn sqlite_in(folder: TempDir) -> Self {
        let url = format!("sqlite:{}", folder.path().join("identity.db").display());
        Self {
            url,
            folder: Arc::new(folder),
        }
    }

    /// A database in the PostgreSQL that all tests share.
    pub(crate) async fn postgres() -> Self {
        Self::in_cluster(Cluster::shared()).await
    }

    /// A database in a PostgreSQL of the test's own.
    pub(crate) async fn in_cluster(cluster: &Cluster) -> Self {
        Self {
            url: cluster.create_database().await,
            folder: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// Where the service runs: its master key is here, and the SQLite file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every file that SQLite keeps the database in; none for PostgreSQL.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("identity.db"))
            .collect();
        files.sort();
        files
    }

    /// The port of the PostgreSQL server.
    pub(crate) fn port(&self) -> u16 {
        let (_, rest) = self.url.split_once("127.0.0.1:").unwrap();
        rest.split_once('/').unwrap().0.parse().unwrap()
    }

    /// The name of the database in PostgreSQL.
    pub(crate) fn name(&self) -> &str {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        name.split_once('?').unwrap().0
    }

    /// The same database by another URL, with the same folder.
    pub(crate) fn by(&self, url: String) -> Self {
        Self {
            url,
            folder: self.folder.clone(),
        }
    }

    /// How the service reaches it: through the shared `PgBouncer`, where there is one.
    pub(super) fn url_of_the_service(&self) -> String {
        if self.is_postgres()
            && let Some(bouncer) = PgBouncer::shared()
            && self.is_in(Cluster::shared())
        {
            return bouncer.url(self.name());
        }
        self.url.clone()
    }

    /// Whether the URL leads straight to this cluster.
    fn is_in(&self, cluster: &Cluster) -> bool {
        self.url
            .contains(&format!("@127.0.0.1:{}/", cluster.port()))
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }
}

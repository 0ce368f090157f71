//! What happens to the database during the soak, and when calls may fail for it.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::harness::{Cluster, Database, Proxy, Session};

/// When calls may fail: from the injection of a fault until `/readyz` answers 200 again.
///
/// It counts how often it was opened and closed: while the count is odd, it is open.
#[derive(Debug, Default)]
pub(super) struct Window(AtomicUsize);

impl Window {
    pub(super) fn turn(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn turns(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether it was open at any time since its turns were counted.
    pub(super) fn was_open_since(&self, turns: usize) -> bool {
        turns % 2 == 1 || self.turns() != turns
    }
}

/// A PostgreSQL server, and what stands before it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) cluster: Cluster,
    pub(super) proxy: Proxy,
}

/// Something that happens to a PostgreSQL server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It stops in order and is started again.
    Restart,
    /// It stops without a word, is started again and recovers.
    Crash,
    /// An operator ends every connection of the service.
    EndConnections,
    /// One of the processes that serve a connection is killed: the server ends all the others and
    /// recovers.
    KillBackend,
    /// The open connections lose all that is sent, in silence.
    BlackHole,
}

impl Fault {
    pub(super) const ALL: [Self; 5] = [
        Self::Restart,
        Self::EndConnections,
        Self::BlackHole,
        Self::Crash,
        Self::KillBackend,
    ];

    pub(super) async fn happen(self, server: &Server, database: &Database) {
        const SERVING: &str = "SELECT pid::text FROM pg_stat_activity
            WHERE application_name = 'identity-hmac-server'";
        let Server { cluster, proxy } = server;
        match self {
            Self::BlackHole => proxy.swallow(),
            Self::Restart => {
                cluster.stop();
                cluster.resume();
            }
            Self::Crash => {
                cluster.crash();
                cluster.resume();
            }
            Self::EndConnections => {
                let ended = Session::open(database).await.end_connections().await;
                assert!(ended > 0);
            }
            Self::KillBackend => {
                let serving = Session::open(database).await.texts(SERVING).await;
                let killed = Command::new("kill")
                    .args(["-s", "KILL", &serving[0]])
                    .status();
                assert!(killed.unwrap().success());
                // The others are ended one by one: until then a call may still be served.
                let is_there = |process: &String| Path::new("/proc").join(process).exists();
                while serving.iter().any(is_there) {
                    sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }
}

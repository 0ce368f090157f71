//! What stands between the service and its database: a TCP proxy that counts exchanges, and can lose
//! connections in silence.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::io::InspectReader;

use super::database::Database;

/// A proxy in front of a database. It ends with the test.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    swallowed: watch::Sender<()>,
    sent: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of a PostgreSQL database.
    pub(crate) async fn to(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = database.port();
        let swallowed = watch::Sender::new(());
        let swallowing = swallowed.clone();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let counted = counted.clone();
                let mut client = InspectReader::new(client, move |_: &[u8]| {
                    counted.fetch_add(1, Ordering::Relaxed);
                });
                let mut is_swallowed = swallowing.subscribe();
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        // Both stay open: what is sent is acknowledged and never arrives.
                        Ok(()) = is_swallowed.changed() => pending().await,
                    }
                });
            }
        });
        Self {
            port,
            swallowed,
            sent,
            accepting,
        }
    }

    /// The database behind this proxy, as the service is to reach it.
    pub(crate) fn url(&self, database: &Database) -> String {
        let server = format!("127.0.0.1:{}", database.port());
        let proxy = format!("127.0.0.1:{}", self.port);
        database.url.replace(&server, &proxy)
    }

    /// How often the service has sent something: once for each exchange, as long as that is small.
    pub(crate) fn exchanges(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Loses every connection that is open, in silence; new ones work.
    pub(crate) fn swallow(&self) {
        self.swallowed.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

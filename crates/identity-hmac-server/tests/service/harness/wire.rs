//! HTTP byte by byte, for what no client library would send.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::process::{PATIENCE, Service};

/// A connection to the service.
#[derive(Debug)]
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    /// Where the service listens, for `Host` as well.
    pub(crate) fn address(service: &Service) -> &str {
        service.url.strip_prefix("http://").unwrap()
    }

    pub(crate) async fn connect(service: &Service) -> Self {
        Self(TcpStream::connect(Self::address(service)).await.unwrap())
    }

    /// Sends bytes. The service may have closed the connection: that is for the reader to see.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Sends nothing more.
    pub(crate) async fn finish(&mut self) {
        let _ = self.0.shutdown().await;
    }

    /// Reads and drops what comes; true when the service closed the connection.
    pub(crate) async fn is_closed_within(&mut self, time: Duration) -> bool {
        let mut buffer = [0; 4096];
        match timeout(time, self.0.read(&mut buffer)).await {
            Ok(Ok(len)) => len == 0,
            Ok(Err(_)) => true,
            Err(_) => false,
        }
    }

    /// Reads what comes next; nothing when the service closed the connection.
    pub(crate) async fn next(&mut self) -> String {
        let mut buffer = [0; 4096];
        let read = timeout(PATIENCE, self.0.read(&mut buffer)).await;
        let len = read.unwrap().unwrap_or_default();
        String::from_utf8_lossy(&buffer[..len]).into_owned()
    }

    /// Reads until the service closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match timeout(PATIENCE, self.0.read_to_end(&mut rest)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&rest)),
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Sends bytes on a connection of their own and reads until the service closes it.
    pub(crate) async fn exchange(service: &Service, bytes: impl AsRef<[u8]>) -> String {
        let mut wire = Self::connect(service).await;
        wire.send(bytes).await;
        wire.rest().await
    }
}

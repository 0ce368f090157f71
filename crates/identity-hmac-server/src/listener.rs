//! A listener whose connections have deadlines and a bound.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use metrics::Gauge;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::io::InspectReader;
use tower::ServiceExt;

use crate::config::ServeArgs;
use crate::head_timer::HeadTimer;
use crate::http::Peer;
use crate::metric::{CONNECTIONS, CONNECTIONS_REFUSED};
use crate::peers::{Peers, Seat};

/// The largest head of a request, in bytes. A connection can make the service keep that much.
const MAX_HEADERS_LEN: usize = 32 * 1024;
/// How many connections may wait to be accepted, so that a burst need not try again.
const BACKLOG: u32 = 4096;
/// How long to wait when the system has no file descriptor left for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many refused connections a minute get a log line.
const REFUSED_LINES: NonZeroU32 = NonZeroU32::new(6).unwrap();

/// A TCP port with a bound on its connections.
#[derive(Debug)]
pub(crate) struct Listener {
    /// What the metrics call it.
    name: &'static str,
    tcp: TcpListener,
    max_connections: usize,
    peers: Peers,
}

impl Listener {
    pub(crate) fn bind(
        name: &'static str,
        address: SocketAddr,
        max_connections: usize,
        peers: Peers,
    ) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart does not wait for the connections of the process before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let tcp = socket.listen(BACKLOG)?;
        Ok(Self {
            name,
            tcp,
            max_connections,
            peers,
        })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Takes connections and answers their requests, until it is dropped.
    pub(crate) async fn serve(
        &self,
        router: &Router,
        args: &ServeArgs,
        connections: &GracefulShutdown,
    ) {
        let refused = RefusedLog::new();
        let open = metrics::gauge!(CONNECTIONS, "listener" => self.name);
        open.set(0);
        let places = Arc::new(Semaphore::new(self.max_connections));
        let mut http = http1::Builder::new();
        // The timer of each connection says how long this is.
        http.header_read_timeout(args.header_deadline)
            .max_buf_size(MAX_HEADERS_LEN)
            // A client that closes its sending half after the request still gets its answer.
            .half_close(true);
        loop {
            let place = places.clone().acquire_owned().await;
            match (place, self.tcp.accept().await) {
                (Ok(place), Ok((stream, peer))) => {
                    let Some(seat) = self.peers.seat(peer.ip()) else {
                        metrics::counter!(CONNECTIONS_REFUSED).increment(1);
                        refused.note(args.log_client_address.shown(peer.ip()));
                        continue;
                    };
                    let connection = Connection {
                        stream,
                        peer,
                        open: OpenConnection::count(&open),
                        place,
                        seat,
                    };
                    connection.serve(
                        http.clone(),
                        HeadTimer::new(args.header_deadline, args.idle_deadline),
                        router.clone(),
                        args.body_deadline,
                        connections.watcher(),
                    );
                }
                (_, Err(error)) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                (Err(_), _) => unreachable!("the semaphore is never closed"),
            }
        }
    }
}

/// A connection as the metrics count it, until it is dropped.
struct OpenConnection(Gauge);

impl OpenConnection {
    fn count(open: &Gauge) -> Self {
        open.increment(1);
        Self(open.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Logs refused connections, but not each: a flood of them would fill the log.
struct RefusedLog(DefaultDirectRateLimiter);

impl RefusedLog {
    fn new() -> Self {
        Self(RateLimiter::direct(Quota::per_minute(REFUSED_LINES)))
    }

    fn note(&self, address: Option<String>) {
        if self.0.check().is_ok() {
            tracing::warn!(
                address = address.map(display),
                "a connection was closed: its address has --max-connections-per-address open"
            );
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    open: OpenConnection,
    place: OwnedSemaphorePermit,
    seat: Seat,
}

impl Connection {
    fn serve(
        self,
        mut http: http1::Builder,
        timer: HeadTimer,
        router: Router,
        write_deadline: Duration,
        watcher: Watcher,
    ) {
        // Answers are small. Without this, each would wait until the one before is acknowledged.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let mut stream = TimeoutStream::new(self.stream);
        stream.set_write_timeout(Some(write_deadline));
        http.timer(timer.clone());
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if !bytes.is_empty() {
                timer.note_read();
            }
        });
        let peer = Peer(self.peer.ip());
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = watcher.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop((self.open, self.place, self.seat));
        });
    }
}

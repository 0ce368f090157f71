//! `healthcheck`: what a container's health check runs.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Body;
use clap::Args;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::address;

/// How long the service has for its answer: longer than the database has for one.
const DEADLINE: Duration = Duration::from_secs(8);

/// Ask the service at an address of this machine whether it is ready
///
/// It asks /readyz, and ends with exit code 0 if the answer is 200, and with 1 otherwise. With --alive
/// it asks /healthz, which does not ask the database: for a supervisor that restarts what is not
/// healthy.
#[derive(Debug, Args)]
pub(crate) struct HealthcheckArgs {
    /// The address that `serve` listens on
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "IDENTITY_LISTEN",
        default_value = "127.0.0.1:8080",
        value_parser = address
    )]
    listen: SocketAddr,
    /// Ask whether the process is alive, and not whether it can serve
    #[arg(long)]
    alive: bool,
}

pub(crate) async fn run(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let path = if args.alive { "/healthz" } else { "/readyz" };
    let address = reachable(args.listen);
    let url = format!("http://{address}{path}");
    let status = timeout(DEADLINE, ask(address, path))
        .await
        .with_context(|| format!("{url} did not answer within {} s", DEADLINE.as_secs()))?
        .with_context(|| {
            format!("{url} cannot be asked: does `serve` run, with the same --listen?")
        })?;
    if status != StatusCode::OK {
        bail!("{url} answered {}", status.as_u16());
    }
    Ok(writeln!(io::stdout(), "{url} answered 200")?)
}

async fn ask(address: SocketAddr, path: &str) -> anyhow::Result<StatusCode> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, address.to_string())
        .body(Body::empty())?;
    Ok(sender.send_request(request).await?.status())
}

/// An address to listen on may stand for all of the machine's; one of those is asked.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

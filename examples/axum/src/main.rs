//! Reads the settings and serves the shop until SIGINT or SIGTERM.

mod accounts;
mod chat_identity;
mod problem;
mod sessions;
mod shop;

use std::env;
use std::future::IntoFuture as _;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use axum::http::Uri;
use identity_hmac::{IdentityKey, TokenKey};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::sessions::Limits;
use crate::shop::{Config, Shop};

const BROWSER_CLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../bindings/browser/build/global.js"
);

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    // It names the variable and the remedy, never the secret.
    let _ = writeln!(io::stderr(), "{error}");
    ExitCode::FAILURE
}

async fn run() -> Result<()> {
    let router = shop::router(read_settings()?)?;

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let port = port
        .parse()
        .context("PORT is not a port; set it to a number from 0 to 65535")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| {
            anyhow!("cannot listen on port {port}: {error}; set PORT to another one")
        })?;

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    writeln!(
        io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;

    let (end, ended) = oneshot::channel();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async { ended.await.unwrap_or_default() });
    let serving = tokio::spawn(server.into_future());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = end.send(());
    // A client that is slower than this does not hold up the end.
    let _ = timeout(Duration::from_secs(1), serving).await;
    Ok(())
}

fn read_settings() -> Result<Shop> {
    let key = IdentityKey::from_env("IDENTITY_SECRET")?;
    let token_key = TokenKey::from_env("IDENTITY_TOKEN_KEY")?;

    let organization_key = env::var("ORGANIZATION_KEY").unwrap_or_default();
    ensure!(
        !organization_key.is_empty(),
        "ORGANIZATION_KEY is not set; set it to a key like pk_…"
    );

    let identity_server_url = env::var("IDENTITY_SERVER_URL").unwrap_or_default();
    let Some(origin) = origin_of(&identity_server_url) else {
        bail!("IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080");
    };
    let mut origins = vec![origin];

    let demo_switch_url = env::var("DEMO_SWITCH_URL").ok();
    if let Some(url) = &demo_switch_url {
        let origin = origin_of(url)
            .context("DEMO_SWITCH_URL is not a URL; unset it, or run the demo with `make demo`")?;
        origins.push(origin);
    }

    let browser_client = env::var_os("BROWSER_CLIENT").unwrap_or_else(|| BROWSER_CLIENT.into());
    let browser_client = PathBuf::from(browser_client);
    ensure!(
        browser_client.is_file(),
        "BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`"
    );

    Ok(Shop {
        key,
        token_key,
        browser_client,
        origins,
        config: Config {
            organization_key,
            identity_server_url,
            demo_switch_url,
        },
        sessions: Limits {
            idle: Duration::from_secs(read_count("SESSION_IDLE_SECONDS", 30 * 60)?),
            lifetime: Duration::from_secs(read_count("SESSION_LIFETIME_SECONDS", 12 * 60 * 60)?),
            count: read_count("SESSION_LIMIT", 10_000)?,
        },
        accounts: serde_json::from_str(include_str!("../../accounts.json"))?,
    })
}

/// The origin of an http or https URL.
fn origin_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    match (uri.scheme_str()?, uri.authority()?) {
        (scheme @ ("http" | "https"), authority) => Some(format!("{scheme}://{authority}")),
        _ => None,
    }
}

fn read_count(variable: &str, otherwise: u64) -> Result<u64> {
    let Ok(value) = env::var(variable) else {
        return Ok(otherwise);
    };
    match value.parse() {
        Ok(count @ 1..=999_999_999) => Ok(count),
        _ => bail!("{variable} is not a whole number above 0; set it to one like {otherwise}"),
    }
}

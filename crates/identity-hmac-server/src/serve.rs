//! Serving, from the start to an orderly end.

use std::future::pending;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper_util::server::graceful::GracefulShutdown;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::admin_token::{self, AdminToken};
use crate::config::{AdminListen, MigrateWhen, ServeArgs, StateArgs};
use crate::dashboard::HOME;
use crate::http::{App, Routers, routers};
use crate::key_file::MasterKeySource;
use crate::listener::Listener;
use crate::log::DroppedLines;
use crate::master_key::MasterKeys;
use crate::metric;
use crate::peers::Peers;
use crate::removal;
use crate::store::{Store, StoreError};

/// The upper bounds of the latency histogram, in seconds.
const DURATION_BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// How often unused memory is given back.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// How often the counts of each organization are written.
const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// How long the end waits for the last counts to be written.
const LAST_FLUSH_DEADLINE: Duration = Duration::from_secs(2);
/// How long the start waits for the database before it answers anybody. A fault within this time ends
/// the start. After it, the service answers that it is not ready.
const BEGIN_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before a database that was away is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How many connections the admin interface has at a time. Visitors cannot take them.
const ADMIN_CONNECTIONS: usize = 64;
/// File descriptors that no visitor's connection gets: the admin's, the database's, the log's.
const RESERVED_FILES: usize = ADMIN_CONNECTIONS + 64;

/// Serves until SIGTERM, SIGINT or SIGHUP.
pub(crate) async fn run(
    state: &StateArgs,
    args: &ServeArgs,
    dropped_log_lines: DroppedLines,
) -> anyhow::Result<()> {
    let bounds = Bounds::of(args);
    let settings = args.settings(dropped_log_lines)?;
    settings.admin_token.tell();
    let makes_admin_token = matches!(settings.admin_token, AdminToken::Stored);
    let store = state.store()?;
    let source = state.master_key_source(&store)?;
    let listener = Listener::bind(
        "public",
        args.listen,
        bounds.connections,
        args.peers(bounds.connections_per_address),
    )
    .with_context(|| {
        format!(
            "cannot listen on {}: --listen takes another address",
            args.listen
        )
    })?;
    let admin_listener = match args.admin_listen {
        AdminListen::Off => None,
        AdminListen::At(address) => {
            let bound = Listener::bind("admin", address, ADMIN_CONNECTIONS, Peers::new(0, &[]));
            Some(bound.with_context(|| {
                format!("cannot listen on {address}: --admin-listen takes another address, or off")
            })?)
        }
    };
    let mut ends = Ends::new()?;

    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full(metric::DURATION.to_owned()),
            &DURATION_BUCKETS,
        )?
        .install_recorder()?;
    metric::describe();
    let app = Arc::new(App::new(store.clone(), settings, metrics));
    let beginning = Beginning {
        store: store.clone(),
        migrate: args.migrate,
        source,
        makes_admin_token,
        visitor_retention: args.visitor_retention,
    };
    let mut beginning = Box::pin(beginning.begin(&app));
    let begun = timeout(BEGIN_PATIENCE, &mut beginning).await;
    let begun = begun.ok().transpose()?.is_some();
    tokio::spawn(upkeep(app.clone()));
    tokio::spawn(flush_verification_stats(app.clone()));

    tell_addresses(&listener, admin_listener.as_ref())?;
    let connections = GracefulShutdown::new();
    let Routers { public, admin } = routers(&app)?;
    let serve_admin = async {
        match &admin_listener {
            Some(listener) => listener.serve(&admin, args, &connections).await,
            None => pending().await,
        }
    };
    let serve_both = async {
        tokio::join!(listener.serve(&public, args, &connections), serve_admin);
    };
    let mut ended = Ok(());
    {
        let mut serve_both = pin!(serve_both);
        tokio::select! {
            () = &mut serve_both => {}
            end = ends.recv() => {
                tracing::info!("ending: not ready any more");
                app.drain();
                if end != End::Interrupt {
                    // A load balancer has this long to see it.
                    tokio::select! {
                        () = &mut serve_both => {}
                        _ = ends.recv() => {}
                        () = tokio::time::sleep(args.drain_delay) => {}
                    }
                }
            }
            // A fault that waiting does not mend ends the service, as at the start.
            Err(error) = &mut beginning, if !begun => ended = Err(error),
        }
    }
    drop((listener, admin_listener));

    tracing::info!("ending: no new connections");
    app.drain();
    tokio::select! {
        () = connections.shutdown() => tracing::info!("every request was answered"),
        () = tokio::time::sleep(args.drain_deadline) => tracing::warn!("some requests did not end in time"),
        _ = ends.recv() => tracing::warn!("asked again: ending at once"),
    }
    if timeout(LAST_FLUSH_DEADLINE, app.flush_verification_stats())
        .await
        .is_err()
    {
        tracing::warn!("the last verification stats are lost: the database did not answer in time");
    }
    store.close().await;
    ended
}

/// Prints where the service listens.
fn tell_addresses(public: &Listener, admin: Option<&Listener>) -> io::Result<()> {
    let address = public.address()?;
    let mut lines = format!("listening on http://{address}\n");
    // Readers of the output wait for the public line: it is the last one.
    if let Some(admin) = admin {
        let address = admin.address()?;
        lines = format!(
            "admin interface on http://{address}\ndashboard on http://{address}{HOME}\n{lines}"
        );
    }
    // The output may be closed: the service serves all the same.
    if let Err(error) = io::stdout().write_all(lines.as_bytes()) {
        tracing::warn!(%error, %address, "listening, but standard output does not take it");
    }
    Ok(())
}

/// How many connections visitors may have.
#[derive(Debug, PartialEq, Eq)]
struct Bounds {
    connections: usize,
    /// 0 for no bound.
    connections_per_address: usize,
}

impl Bounds {
    /// What was asked for, or what the system has file descriptors for: without one, the database
    /// could not be opened either.
    fn of(args: &ServeArgs) -> Self {
        let wanted = Self {
            connections: args.max_connections as usize,
            connections_per_address: args.max_connections_per_address as usize,
        };
        let files = match rlimit::increase_nofile_limit(u64::MAX) {
            Ok(files) => usize::try_from(files).unwrap_or(usize::MAX),
            Err(error) => {
                tracing::warn!(%error, "the limit of open files stays as it is");
                return wanted;
            }
        };
        let possible = wanted.within(files);
        if possible != wanted {
            tracing::warn!(
                possible = possible.connections,
                wanted = wanted.connections,
                per_address = possible.connections_per_address,
                "fewer connections than --max-connections: raise the limit of open files"
            );
        }
        possible
    }

    /// Both bounds shrink alike, so that it still takes as many addresses to use up all connections.
    fn within(&self, files: usize) -> Self {
        let connections = files
            .saturating_sub(RESERVED_FILES)
            .max(1)
            .min(self.connections);
        let shrunk = self.connections_per_address * connections / self.connections;
        Self {
            connections,
            connections_per_address: shrunk.max(self.connections_per_address.min(1)),
        }
    }
}

/// The work before the first request can be answered.
struct Beginning {
    store: Store,
    migrate: MigrateWhen,
    source: MasterKeySource,
    makes_admin_token: bool,
    visitor_retention: u32,
}

impl Beginning {
    /// Begins, as soon as the database is there and takes writes.
    async fn begin(self, app: &App) -> anyhow::Result<()> {
        loop {
            match self.master_keys().await {
                Ok(master_keys) => {
                    app.begin(master_keys);
                    tokio::spawn(removal::run(self.store, self.visitor_retention));
                    tracing::info!("the database is ready");
                    return Ok(());
                }
                Err(error) if is_temporary(&error) => {
                    tracing::error!(error = format!("{error:#}"), "waiting for the database");
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn master_keys(&self) -> anyhow::Result<MasterKeys> {
        match self.migrate {
            MigrateWhen::Auto => drop(self.store.migrate().await?),
            MigrateWhen::Never => self.store.check_schema().await?,
        }
        let master_keys = self.source.master_keys(&self.store).await?;
        if self.makes_admin_token {
            admin_token::make_first(&self.store).await?;
        }
        Ok(master_keys)
    }
}

fn is_temporary(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(StoreError::is_temporary)
}

async fn upkeep(app: Arc<App>) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        app.upkeep();
    }
}

async fn flush_verification_stats(app: Arc<App>) {
    let mut every = tokio::time::interval(FLUSH_EVERY);
    loop {
        every.tick().await;
        app.flush_verification_stats().await;
    }
}

/// A signal that ended the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Terminate,
    /// Ctrl-C: somebody waits at a terminal.
    Interrupt,
    HangUp,
}

/// The signals that end the service.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where the parent has the hang-up ignored, as `nohup` does.
    hangup: Option<Signal>,
}

impl Ends {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: (!is_hangup_ignored())
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    async fn recv(&mut self) -> End {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => End::Terminate,
            _ = self.interrupt.recv() => End::Interrupt,
            _ = hangup => End::HangUp,
        }
    }
}

/// Linux shows which signals a process ignores as a bit mask, in which SIGHUP is the lowest bit
/// (`proc_pid_status(5)`). Elsewhere the hang-up ends the service.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_shrink_both_bounds_alike() {
        let wanted = Bounds {
            connections: 10_000,
            connections_per_address: 256,
        };
        for (files, connections, connections_per_address) in [
            (1_000_000, 10_000, 256),
            (RESERVED_FILES + 1_000, 1_000, 25),
            (RESERVED_FILES + 2, 2, 1),
            (0, 1, 1),
        ] {
            let expected = Bounds {
                connections,
                connections_per_address,
            };
            assert_eq!(wanted.within(files), expected, "{files}");
        }
    }

    #[test]
    fn no_bound_for_an_address_stays_none() {
        let unbound = Bounds {
            connections: 10_000,
            connections_per_address: 0,
        };
        assert_eq!(unbound.within(1_000).connections_per_address, 0);
    }
}

//! The command line and the environment.

#![expect(
    clippy::doc_markdown,
    reason = "the comment on an argument is its help, not Markdown"
)]

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use zeroize::Zeroizing;

use crate::admin_token::AdminToken;
use crate::http::Settings;
use crate::key_file::MasterKeySource;
use crate::log::DroppedLines;
use crate::peers::Peers;
use crate::store::{Store, StoreError};

/// Where the master key is when none is given, beside the SQLite file.
const MASTER_KEY_FILE: &str = "identity-master.key";
/// Where the environment has the admin token: itself, or its file.
const ADMIN_TOKEN_VARIABLES: [&str; 2] = ["IDENTITY_ADMIN_TOKEN", "IDENTITY_ADMIN_TOKEN_FILE"];

/// Where the state is, and the key that seals the secrets in it.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// The database: sqlite:FILE, made by `serve` and `migrate`, or postgres://USER@HOST/DATABASE
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "IDENTITY_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:identity.db"
    )]
    database: String,
    /// How many connections to PostgreSQL there may be at a time
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "IDENTITY_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    database_connections: u32,
    /// The file with the master key, 64 hexadecimal digits, or with several of them on lines, the new
    /// one first [default: the environment variable IDENTITY_MASTER_KEY, or IDENTITY_MASTER_KEYS with
    /// commas between the keys; with SQLite, identity-master.key beside the database, which is made for
    /// a new one]; - is standard input
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "IDENTITY_MASTER_KEY_FILE",
        value_parser = input_file()
    )]
    master_key_file: Option<PathBuf>,
    /// How log lines on standard error are written
    #[arg(
        long,
        global = true,
        env = "IDENTITY_LOG_FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or filters as in `warn,identity_hmac_server=debug`
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "IDENTITY_LOG",
        default_value = "info"
    )]
    pub(crate) log: String,
}

/// Whether `serve` may change the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MigrateWhen {
    /// Make it, or bring it up to date
    Auto,
    /// End if it is missing or too old: you run `migrate` yourself
    Never,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object per line
    Json,
}

/// How much of a client's address the log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogClientAddress {
    /// All of it
    Full,
    /// Its network: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address
    Network,
    /// Nothing
    Off,
}

impl LogClientAddress {
    /// An address as the log has it.
    pub(crate) fn shown(self, address: IpAddr) -> Option<String> {
        let address = address.to_canonical();
        let bits = if address.is_ipv4() { 24 } else { 48 };
        match self {
            Self::Full => Some(address.to_string()),
            Self::Network => {
                let network = IpNet::new_assert(address, bits).trunc();
                Some(network.to_string())
            }
            Self::Off => None,
        }
    }
}

impl StateArgs {
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        Store::open(&self.database, self.database_connections)
    }

    pub(crate) fn master_key_source(&self, store: &Store) -> anyhow::Result<MasterKeySource> {
        const VARIABLES: [&str; 2] = ["IDENTITY_MASTER_KEY", "IDENTITY_MASTER_KEYS"];
        let mut given = Vec::new();
        for name in VARIABLES {
            given.extend(variable(name)?.map(|text| (name, text)));
        }
        // The operator of a PostgreSQL has to keep the key: what one process makes, the others lack.
        let may_make = store.file().is_some();
        match (&self.master_key_file, given.as_slice(), store.file()) {
            (Some(file), [], _) => MasterKeySource::file(file, may_make),
            (None, [(name, text)], _) => MasterKeySource::read(text, (*name).to_owned()),
            (None, [], Some(database)) => {
                MasterKeySource::file(&database.with_file_name(MASTER_KEY_FILE), may_make)
            }
            (None, [], None) => bail!(
                "a database in PostgreSQL needs a master key: make one with `openssl rand -hex 32`, keep \
                 it apart from the database, and give it to every process with --master-key-file or \
                 IDENTITY_MASTER_KEY"
            ),
            _ => bail!(
                "give the master key once: as --master-key-file (IDENTITY_MASTER_KEY_FILE), {} or {}",
                VARIABLES[0],
                VARIABLES[1]
            ),
        }
    }
}

/// Where the admin interface is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AdminListen {
    At(SocketAddr),
    Off,
}

/// Answer HTTP requests until SIGTERM, SIGHUP or Ctrl-C
///
/// The first start makes the database, the master key and an admin token, which it prints once.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "IDENTITY_LISTEN",
        default_value = "127.0.0.1:8080",
        value_parser = address
    )]
    pub(crate) listen: SocketAddr,
    /// The address of the dashboard, /v1/admin, /metrics and /openapi.json, which the other one does not
    /// serve; port 0 takes a free one, off serves none
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "IDENTITY_ADMIN_LISTEN",
        default_value = "127.0.0.1:8081",
        value_parser = admin_listen
    )]
    pub(crate) admin_listen: AdminListen,
    /// Whether the start may make the schema, or bring it up to date
    #[arg(
        long,
        value_name = "WHEN",
        env = "IDENTITY_MIGRATE",
        default_value = "auto"
    )]
    pub(crate) migrate: MigrateWhen,
    /// The file with the admin token [default: the environment variable IDENTITY_ADMIN_TOKEN
    /// itself, or a token made on the first start]; - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "IDENTITY_ADMIN_TOKEN_FILE",
        value_parser = input_file()
    )]
    admin_token_file: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For is believed: an address, or a network as in 10.0.0.0/8
    #[arg(
        long = "trusted-proxy",
        value_name = "NETWORK",
        env = "IDENTITY_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxies: Vec<IpNet>,
    /// How much of a client's address the log has
    #[arg(
        long,
        value_name = "HOW_MUCH",
        env = "IDENTITY_LOG_CLIENT_ADDRESS",
        default_value = "full"
    )]
    pub(crate) log_client_address: LogClientAddress,
    /// How many requests a minute one address may send to this process; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_ADDRESS_RATE",
        default_value_t = 1200
    )]
    address_rate: u32,
    /// How many requests a minute one visitor may send to this process; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_VISITOR_RATE",
        default_value_t = 120
    )]
    visitor_rate: u32,
    /// How many new visitors a minute an organization may get from this process; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_ORGANIZATION_VISITOR_RATE",
        default_value_t = 6000
    )]
    organization_visitor_rate: u32,
    /// Days without a call after which a visitor's token is refused, so that its browser gets a new
    /// visitor; 0 for never
    #[arg(
        long,
        value_name = "DAYS",
        env = "IDENTITY_VISITOR_TOKEN_LIFETIME",
        default_value_t = 400,
        value_parser = clap::value_parser!(u32).range(..=36_500)
    )]
    visitor_token_lifetime: u32,
    /// Days without a call after which a visitor is removed with its record; 0 for never
    #[arg(
        long,
        value_name = "DAYS",
        env = "IDENTITY_VISITOR_RETENTION",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(..=36_500)
    )]
    pub(crate) visitor_retention: u32,
    /// How many requests a minute the backends of an organization may make of this process, with its
    /// API keys; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_SERVER_RATE",
        default_value_t = 6000
    )]
    server_rate: u32,
    /// How many connections there may be at a time; further ones wait
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_MAX_CONNECTIONS",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) max_connections: u32,
    /// How many of them an address may have at a time, an IPv6 /64 as one; further ones are closed.
    /// Trusted proxies are not counted; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        env = "IDENTITY_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 256
    )]
    pub(crate) max_connections_per_address: u32,
    /// Seconds that a new connection has to send the headers of its first request, and that a later
    /// request has from its first byte on
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_HEADER_DEADLINE", default_value = "8",
        value_parser = seconds)]
    pub(crate) header_deadline: Duration,
    /// Seconds until a connection that is idle after a request is closed; set it longer than your proxy
    /// keeps idle connections
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_IDLE_DEADLINE", default_value = "75",
        value_parser = seconds)]
    pub(crate) idle_deadline: Duration,
    /// Seconds that a client has to send the body of a request, and to take the answer
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_BODY_DEADLINE", default_value = "8",
        value_parser = seconds)]
    pub(crate) body_deadline: Duration,
    /// Seconds until a request is answered with 503 if nothing else has answered it
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_REQUEST_DEADLINE", default_value = "15",
        value_parser = seconds)]
    request_deadline: Duration,
    /// Seconds from SIGTERM until no new connections are taken; meanwhile /readyz answers 503. A second
    /// signal, or Ctrl-C, ends the wait
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_DRAIN_DELAY", default_value = "0",
        value_parser = seconds_or_none)]
    pub(crate) drain_delay: Duration,
    /// Seconds from then on in which the requests that are under way may end
    #[arg(long, value_name = "SECONDS", env = "IDENTITY_DRAIN_DEADLINE", default_value = "10",
        value_parser = seconds)]
    pub(crate) drain_deadline: Duration,
}

impl ServeArgs {
    pub(crate) fn settings(&self, dropped_log_lines: DroppedLines) -> anyhow::Result<Settings> {
        Ok(Settings {
            dropped_log_lines,
            admin_token: self.admin_token()?,
            trusted_proxies: self.trusted_proxies.clone(),
            log_client_address: self.log_client_address,
            address_rate: self.address_rate,
            visitor_rate: self.visitor_rate,
            organization_visitor_rate: self.organization_visitor_rate,
            visitor_token_lifetime: self.visitor_token_lifetime,
            server_rate: self.server_rate,
            body_deadline: self.body_deadline,
            request_deadline: self.request_deadline,
        })
    }

    /// A bound on the connections of each address but trusted proxies.
    pub(crate) fn peers(&self, max: usize) -> Peers {
        Peers::new(max, &self.trusted_proxies)
    }

    fn admin_token(&self) -> anyhow::Result<AdminToken> {
        const VARIABLE: &str = ADMIN_TOKEN_VARIABLES[0];
        match (&self.admin_token_file, variable(VARIABLE)?) {
            (Some(_), Some(_)) => bail!(
                "give the admin token once: as --admin-token-file (IDENTITY_ADMIN_TOKEN_FILE) or {VARIABLE}"
            ),
            (Some(file), None) => {
                let name = file.display().to_string();
                let token = read_line(file).with_context(|| name.clone())?;
                Ok(AdminToken::configured(&name, &token)?)
            }
            (None, Some(token)) => Ok(AdminToken::configured(VARIABLE, &token)?),
            (None, None) => Ok(AdminToken::Stored),
        }
    }
}

/// The variable that gives `serve` its admin token, if one of them is set here.
pub(crate) fn admin_token_variable() -> Option<&'static str> {
    let mut names = ADMIN_TOKEN_VARIABLES.into_iter();
    names.find(|name| std::env::var_os(name).is_some())
}

/// Reads an environment variable that may hold a secret.
fn variable(name: &str) -> anyhow::Result<Option<Zeroizing<String>>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{name} is not UTF-8"),
    }
}

/// Reads a file of one line, without its end.
fn read_line(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(std::fs::read_to_string(path)?);
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A file that is read; `-` is standard input.
fn input_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| match path.to_str() {
        Some("-") => "/dev/stdin".into(),
        _ => path,
    })
}

pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "not an address with a port as in 127.0.0.1:8080".to_owned())
}

fn admin_listen(text: &str) -> Result<AdminListen, String> {
    match text {
        "off" => Ok(AdminListen::Off),
        _ => text
            .parse()
            .map(AdminListen::At)
            .map_err(|_| "neither an address with a port as in 127.0.0.1:8081, nor off".to_owned()),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse().map(|address: IpAddr| address.into()))
        .map_err(|_| "neither an address nor a network as in 10.0.0.0/8".to_owned())
}

fn seconds_or_none(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        _ => seconds(text).map_err(|error| error.replace("from 1", "from 0")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("not a number of seconds from 1 to 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_as_much_of_an_address_as_was_asked_for() {
        for (address, full, network) in [
            ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3::7", "2001:db8:1:2:3::7", "2001:db8:1::/48"),
        ] {
            let address = address.parse().unwrap();
            let shown = |how_much: LogClientAddress| how_much.shown(address);
            assert_eq!(shown(LogClientAddress::Full).unwrap(), full);
            assert_eq!(shown(LogClientAddress::Network).unwrap(), network);
            assert_eq!(shown(LogClientAddress::Off), None);
        }
    }
}

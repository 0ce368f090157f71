//! What a PostgreSQL URL asks for. A parameter that could not be followed is refused, and no message
//! repeats a value: it may be a secret.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::form_urlencoded;

use crate::store::StoreError;

/// Where to connect, and to what kind of session.
#[derive(Debug)]
pub(super) struct Target {
    /// In the order in which they are tried; at least one.
    pub(super) hosts: Vec<Host>,
    pub(super) session_attrs: SessionAttrs,
}

pub(super) struct Host {
    pub(super) options: PgConnectOptions,
    /// Encrypted or not, in the order in which they are tried.
    pub(super) ssl_modes: &'static [PgSslMode],
}

/// `target_session_attrs` of libpq, as far as the service can work in such a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionAttrs {
    Any,
    ReadWrite,
    Primary,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (_, rest) = url
            .split_once("://")
            .ok_or_else(|| refused("// is missing after postgres:"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (format!("{user}@"), authority),
            // The name of what follows the question mark would be a part of the password.
            None if query.contains('@') => {
                return Err(refused(
                    "the ?, # and / of a password have to be percent-encoded",
                ));
            }
            None => (String::new(), authority),
        };
        let mut parameters = Parameters::parse(query)?;
        let hosts = parameters.hosts(authority)?;
        let session_attrs = parameters.session_attrs(hosts.len())?;
        parameters.check_certificates()?;
        let hosts = hosts.into_iter().map(|(authority, more)| {
            let query = parameters.query(&more);
            let url = format!("postgres://{user}{authority}/{database}?{query}");
            Host::parse(&url)
        });
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
            session_attrs,
        })
    }
}

/// Shows nothing of the options: there may be a password in them.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host {
    fn parse(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| StoreError::Url(error.to_string()))?
            .application_name("identity-hmac-server")
            // Not every pooler takes it, and no column is a float.
            .extra_float_digits(None)
            .disable_statement_logging();
        // https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
        let is_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
        let ssl_modes: &[PgSslMode] = match options.get_ssl_mode() {
            _ if is_socket => &[PgSslMode::Disable],
            PgSslMode::Disable => &[PgSslMode::Disable],
            PgSslMode::Allow => &[PgSslMode::Disable, PgSslMode::Require],
            PgSslMode::Prefer => &[PgSslMode::Prefer, PgSslMode::Disable],
            PgSslMode::Require => &[PgSslMode::Require],
            PgSslMode::VerifyFull => &[PgSslMode::VerifyFull],
            PgSslMode::VerifyCa => return Err(verify_ca("sslmode=verify-ca")),
        };
        Ok(Self { options, ssl_modes })
    }
}

/// What stands behind the question mark.
struct Parameters(Vec<(String, String)>);

/// A host as it stands in the authority, and as parameters.
type HostPart = (String, Vec<(&'static str, String)>);

impl Parameters {
    const KNOWN: [&str; 13] = [
        "application_name",
        "channel_binding",
        "dbname",
        "host",
        "options",
        "password",
        "port",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "user",
    ];

    fn parse(query: &str) -> Result<Self, StoreError> {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let mut parameters = Self(pairs.collect());
        for (name, _) in &parameters.0 {
            if name == "sslpassword" {
                return Err(refused(
                    "sslpassword is not supported: decrypt the key with `openssl pkey` and keep it in \
                     a file of mode 0600",
                ));
            }
            if !Self::KNOWN.contains(&name.as_str()) {
                return Err(refused(&format!(
                    "the parameter {name:?} is not supported; these are: {}",
                    Self::KNOWN.join(", ")
                )));
            }
        }
        match parameters.take("channel_binding").as_deref() {
            // What PostgreSQL's manual calls prefer: where the client supports it.
            None | Some("disable" | "prefer") => Ok(parameters),
            Some("require") => Err(refused(
                "channel_binding=require is not supported: leave it out and say sslmode=verify-full, \
                 which proves the server by its certificate",
            )),
            Some(_) => Err(refused("channel_binding is not one of disable, prefer")),
        }
    }

    /// As in libpq, the last one counts.
    fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().rev();
        pairs
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1.as_str())
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let value = self.get(name).map(str::to_owned);
        self.0.retain(|pair| pair.0 != name);
        value
    }

    /// The hosts, from the authority or from `host` and `port`.
    fn hosts(&mut self, authority: &str) -> Result<Vec<HostPart>, StoreError> {
        let (hosts, ports) = (self.take("host"), self.take("port"));
        if hosts.is_none() && ports.is_none() {
            let hosts = authority
                .split(',')
                .map(|host| (host.to_owned(), Vec::new()));
            return Ok(hosts.collect());
        }
        if authority.contains(',') {
            return Err(refused(
                "several hosts stand before the database and in `host` or `port`: say them once",
            ));
        }
        let hosts: Vec<_> = hosts
            .as_deref()
            .map_or(vec![""], |hosts| hosts.split(',').collect());
        let ports: Vec<_> = ports
            .as_deref()
            .map_or(vec![""], |ports| ports.split(',').collect());
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err(refused(
                "`port` has neither one value nor one for each host",
            ));
        }
        let part = |(index, host): (usize, &&str)| {
            let port = ports.get(index).unwrap_or(&ports[0]);
            if !port.is_empty() && port.parse::<u16>().is_err() {
                return Err(refused("`port` is not a number from 0 to 65535"));
            }
            let parameters = [("host", *host), ("port", *port)].into_iter();
            let given = parameters.filter(|(_, value)| !value.is_empty());
            let given = given.map(|(name, value)| (name, value.to_owned()));
            Ok((authority.to_owned(), given.collect()))
        };
        hosts.iter().enumerate().map(part).collect()
    }

    fn session_attrs(&mut self, hosts: usize) -> Result<SessionAttrs, StoreError> {
        match self.take("target_session_attrs").as_deref() {
            // Of several hosts only the one that takes writes is of use.
            None if hosts > 1 => Ok(SessionAttrs::ReadWrite),
            None | Some("any") => Ok(SessionAttrs::Any),
            Some("read-write") => Ok(SessionAttrs::ReadWrite),
            Some("primary") => Ok(SessionAttrs::Primary),
            Some("read-only" | "standby" | "prefer-standby") => Err(refused(
                "target_session_attrs asks for a session that takes no writes, and the service \
                 writes: say read-write",
            )),
            Some(_) => Err(refused(
                "target_session_attrs is not one of any, read-write, primary",
            )),
        }
    }

    /// Refuses what sqlx would fail on late, or would do in another way than PostgreSQL's manual says.
    fn check_certificates(&mut self) -> Result<(), StoreError> {
        const MODES: [&str; 6] = [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ];
        if self.get("sslrootcert") == Some("system") {
            self.take("sslrootcert");
            if self
                .get("sslmode")
                .is_some_and(|mode| mode != "verify-full")
            {
                return Err(refused("sslrootcert=system needs sslmode=verify-full"));
            }
            self.0
                .push(("sslmode".to_owned(), "verify-full".to_owned()));
        }
        match self.get("sslmode") {
            Some(mode) if !MODES.contains(&mode) => {
                return Err(refused(&format!(
                    "sslmode is not one of {}",
                    MODES.join(", ")
                )));
            }
            Some("require") if self.get("sslrootcert").is_some() => {
                return Err(verify_ca("sslmode=require with sslrootcert"));
            }
            _ => {}
        }
        if self.get("sslcert").is_some() != self.get("sslkey").is_some() {
            return Err(refused("sslcert and sslkey belong together: give both"));
        }
        for name in ["sslrootcert", "sslcert", "sslkey"] {
            let Some(path) = self.get(name) else { continue };
            let unreadable = |error: std::io::Error| {
                refused(&format!("the file of {name} cannot be read: {error}"))
            };
            let pem = fs::read(path).map_err(unreadable)?;
            if name != "sslkey" {
                continue;
            }
            let file = fs::metadata(path).map_err(unreadable)?;
            // As libpq: a key of root may be read by a group that root chose.
            let forbidden = if file.uid() == 0 { 0o027 } else { 0o077 };
            if file.mode() & forbidden != 0 {
                return Err(refused(
                    "others can read the file of sslkey: chmod 0600, or 0640 when root owns it",
                ));
            }
            if pem.windows(9).any(|word| word == b"ENCRYPTED") {
                return Err(refused(
                    "the key of sslkey is encrypted: decrypt it with `openssl pkey`",
                ));
            }
        }
        Ok(())
    }

    fn query(&self, more: &[(&str, String)]) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .extend_pairs(more)
            .finish()
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::Url(reason.to_owned())
}

/// sqlx trusts the system's authorities beside the one of `sslrootcert`. Without a check of the
/// host name, anyone with a certificate from any of them would pass for the server.
fn verify_ca(asked: &str) -> StoreError {
    refused(&format!(
        "{asked} is not supported, since it accepts certificates of other hosts: say \
         sslmode=verify-full, and connect by a name that is in the certificate"
    ))
}

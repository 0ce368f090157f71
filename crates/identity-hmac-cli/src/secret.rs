//! Where the secret comes from: an environment variable or a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;
use identity_hmac::{IdentityKey, InputError};
use zeroize::Zeroizing;

use crate::message;

const VARIABLE: &str = "IDENTITY_SECRET";

/// No secret is longer, and a buffer that never grows leaves no copies behind.
const MAX_FILE_LEN: usize = 64 * 1024;

/// Where the current secret is.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    /// Read the secret from FILE, without the line end at its end, instead of the environment
    /// variable `IDENTITY_SECRET`
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// Where the previous secret is, during a rotation.
#[derive(Debug, Args)]
pub(crate) struct PreviousSecretArgs {
    /// Read from FILE the previous secret, which may still be in use during a rotation
    #[arg(long, value_name = "FILE")]
    previous_secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// The key for signing and verifying: a secret that looks like a mistake is refused.
    pub(crate) fn key(&self) -> anyhow::Result<IdentityKey> {
        Ok(match &self.secret_file {
            Some(path) => Secret::from_file(path)?.key()?,
            None => IdentityKey::from_env(VARIABLE)?,
        })
    }

    /// The secret's bytes, mistakes included, for finding out what is wrong with them. Never
    /// empty.
    pub(crate) fn bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let secret = match &self.secret_file {
            Some(path) => Secret::from_file(path)?,
            None => Secret::from_env()?,
        };
        Ok(secret.into_bytes()?)
    }
}

impl PreviousSecretArgs {
    /// Like [`SecretArgs::key`]; `None` if no previous secret was given.
    pub(crate) fn key(&self) -> anyhow::Result<Option<IdentityKey>> {
        let path = self.previous_secret_file.as_deref();
        path.map(|path| Ok(Secret::from_file(path)?.key()?))
            .transpose()
    }

    /// Like [`SecretArgs::bytes`]; `None` if no previous secret was given.
    pub(crate) fn bytes(&self) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.previous_secret_file.as_deref();
        path.map(|path| Ok(Secret::from_file(path)?.into_bytes()?))
            .transpose()
    }
}

/// A secret as it was found.
struct Secret {
    /// Where, for messages.
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    fn from_env() -> Result<Self, InputError> {
        let name = VARIABLE.to_owned();
        match std::env::var_os(VARIABLE) {
            Some(value) => Ok(Self {
                name,
                bytes: Zeroizing::new(value.into_encoded_bytes()),
            }),
            None => Err(InputError::SecretUnset { name }),
        }
    }

    /// What the file holds, without the one line end that editors and `echo` put at its end.
    fn from_file(path: &Path) -> anyhow::Result<Self> {
        let name = format!("the secret file {}", path.display());
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
        // The error is put into words here: see `exit::report`.
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| anyhow!("cannot read {name}: {error}; check the path"))?;
        if bytes.len() > MAX_FILE_LEN {
            bail!("{name} is longer than 64 KiB; check that it is the right file");
        }
        let kept = match &**bytes {
            [kept @ .., b'\r', b'\n'] | [kept @ .., b'\n'] => kept.len(),
            all => all.len(),
        };
        if kept < bytes.len() {
            message::note(format_args!("dropped the line end at the end of {name}"));
            bytes.truncate(kept);
        }
        Ok(Self { name, bytes })
    }

    /// Text is held to the rules for settings; bytes that are not text are a key as they are.
    fn key(&self) -> Result<IdentityKey, InputError> {
        if str::from_utf8(&self.bytes).is_ok() {
            IdentityKey::from_setting(&self.name, Some(&self.bytes))
        } else {
            IdentityKey::new(&*self.bytes)
        }
    }

    fn into_bytes(self) -> Result<Zeroizing<Vec<u8>>, InputError> {
        if self.bytes.is_empty() {
            return Err(InputError::SecretBlank { name: self.name });
        }
        Ok(self.bytes)
    }
}

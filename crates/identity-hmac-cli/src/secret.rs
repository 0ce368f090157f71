//! Where the secret comes from: an environment variable, a file or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::{Args, ValueHint};
use identity_hmac::{IdentityKey, InputError, TokenKey};
use zeroize::Zeroizing;

use crate::encoding;
use crate::message;
use crate::stdin;

const VARIABLE: &str = "IDENTITY_SECRET";

/// What messages call a secret, and the file that it is read from.
pub(crate) struct Words {
    pub(crate) secret: &'static str,
    pub(crate) file: &'static str,
}

const CURRENT: Words = Words {
    secret: "the secret",
    file: "the secret file",
};
const PREVIOUS: Words = Words {
    secret: "the previous secret",
    file: "the secret file",
};

/// No secret is longer. The buffer has this size from the start: one that grows leaves copies behind.
const MAX_FILE_LEN: usize = 64 * 1024;

/// Where the current secret is.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    /// Read the secret from FILE, without the line end at its end, instead of the environment
    /// variable `IDENTITY_SECRET`; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    secret_file: Option<PathBuf>,
}

/// Where the previous secret is, during a rotation.
#[derive(Debug, Args)]
pub(crate) struct PreviousSecretArgs {
    /// Read the previous secret from FILE: during a rotation it may still be in use; - is standard
    /// input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    previous_secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// The key for signing and verifying. Refuses a secret that looks like a mistake.
    pub(crate) fn key(&self) -> anyhow::Result<IdentityKey> {
        Ok(match &self.secret_file {
            Some(path) => Secret::from_file(path, &CURRENT)?.key()?,
            None => IdentityKey::from_env(VARIABLE)?,
        })
    }

    /// The secret's bytes with their mistakes, to find out what is wrong with them. Never empty.
    pub(crate) fn bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let secret = match &self.secret_file {
            Some(path) => Secret::from_file(path, &CURRENT)?,
            None => Secret::from_env(VARIABLE).ok_or_else(|| InputError::SecretUnset {
                name: VARIABLE.into(),
            })?,
        };
        Ok(secret.into_bytes()?)
    }

    /// Like [`SecretArgs::bytes`]; `None` if no secret was given.
    pub(crate) fn bytes_if_given(&self) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
        let is_given = self.secret_file.is_some() || std::env::var_os(VARIABLE).is_some();
        is_given.then(|| self.bytes()).transpose()
    }
}

impl PreviousSecretArgs {
    /// Like [`SecretArgs::key`]; `None` if no previous secret was given.
    pub(crate) fn key(&self) -> anyhow::Result<Option<IdentityKey>> {
        let path = self.previous_secret_file.as_deref();
        path.map(|path| Secret::from_file(path, &PREVIOUS)?.key())
            .transpose()
    }

    /// Like [`SecretArgs::bytes`]; `None` if no previous secret was given.
    pub(crate) fn bytes(&self) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.previous_secret_file.as_deref();
        path.map(|path| Ok(Secret::from_file(path, &PREVIOUS)?.into_bytes()?))
            .transpose()
    }
}

/// A secret as it was found.
pub(crate) struct Secret {
    /// Where, for messages.
    pub(crate) name: String,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// What the environment variable `name` holds, if it is set.
    pub(crate) fn from_env(name: &str) -> Option<Self> {
        let value = std::env::var_os(name)?;
        Some(Self {
            name: name.to_owned(),
            bytes: Zeroizing::new(value.into_encoded_bytes()),
        })
    }

    /// What the file at `path` holds. From a text, drops the one line end that editors and `echo` put
    /// at its end.
    pub(crate) fn from_file(path: &Path, words: &Words) -> anyhow::Result<Self> {
        let which = words.secret;
        let (name, file) = if stdin::is_meant_by(path) {
            stdin::claim(which)?;
            if io::stdin().is_terminal() {
                message::note(format_args!(
                    "reading {which} from the terminal, which shows it; end with Ctrl-D"
                ));
            }
            (format!("{which} on standard input"), stdin::unbuffered())
        } else {
            let name = format!("{} {}", words.file, path.display());
            (name, File::open(path))
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
        // The error is put into words here: see `exit::report`.
        file.and_then(|file| file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| anyhow!("cannot read {name}: {error}; check the path"))?;
        if bytes.len() > MAX_FILE_LEN {
            bail!("{name} is longer than 64 KiB; check that it is the right file");
        }
        // A backend that decodes such a file and one that does not have two different keys.
        if let Some(encoding @ ("UTF-16" | "UTF-32")) = encoding::marked(&bytes) {
            bail!(
                "{name} is {encoding} text, which PowerShell's `>` writes; save it as UTF-8, or \
                 make a new secret with `keygen --output`"
            );
        }
        if str::from_utf8(&bytes).is_ok() {
            drop_line_end(&name, &mut bytes);
        }
        Ok(Self { name, bytes })
    }

    /// Text is held to the rules for settings; bytes that are not text are a key as they are.
    fn key(&self) -> anyhow::Result<IdentityKey> {
        if str::from_utf8(&self.bytes).is_err() {
            return Ok(IdentityKey::new(&*self.bytes)?);
        }
        if encoding::marked(&self.bytes).is_some() {
            message::note(format_args!(
                "{} begins with a byte order mark, which counts as white space; save it as UTF-8 \
                 without one",
                self.name
            ));
        }
        Ok(IdentityKey::from_setting(&self.name, Some(&self.bytes))?)
    }

    fn into_bytes(self) -> Result<Zeroizing<Vec<u8>>, InputError> {
        if self.bytes.is_empty() {
            return Err(InputError::SecretBlank { name: self.name });
        }
        Ok(self.bytes)
    }
}

/// Drops the line end at the end of `text`, and says so unless `text` is what `keygen` prints: in
/// any other secret, the line end may be meant as a part of it.
fn drop_line_end(name: &str, text: &mut Vec<u8>) {
    let ([secret @ .., b'\r', b'\n'] | [secret @ .., b'\n']) = text.as_slice() else {
        return;
    };
    let is_secret = secret.len() == 64
        && secret
            .iter()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let is_token_key = str::from_utf8(secret).is_ok_and(|text| TokenKey::parse(text).is_ok());
    if !is_secret && !is_token_key {
        message::note(format_args!("dropped the line end at the end of {name}"));
    }
    text.truncate(secret.len());
}

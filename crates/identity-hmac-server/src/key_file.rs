//! Where the master keys come from, and whether they are the database's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::master_key::MasterKeys;
use crate::private_file::PrivateFile;
use crate::store::{Setting, Store};

/// What is sealed to recognise the keys by.
pub(crate) const CHECK: &[u8] = b"identity-hmac-server";

/// Where the master keys come from.
#[derive(Debug)]
pub(crate) enum MasterKeySource {
    /// They were given; `place` is how an error calls where.
    Given { keys: MasterKeys, place: String },
    /// A file that was not there yet, to be made for a new database.
    NewFile(PathBuf),
}

impl MasterKeySource {
    /// Reads keys that are given, from what `place` names.
    pub(crate) fn read(text: &str, place: String) -> anyhow::Result<Self> {
        let keys = MasterKeys::parse(text).with_context(|| place.clone())?;
        Ok(Self::Given { keys, place })
    }

    /// Reads a file; one that is not there may be made later if `may_make`.
    pub(crate) fn file(path: &Path, may_make: bool) -> anyhow::Result<Self> {
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => Self::read(&text, path.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => {
                Ok(Self::NewFile(path.to_owned()))
            }
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Finds the master keys, makes one for a new database, and refuses those that are not the
    /// database's own: what they would seal, the others could not open.
    pub(crate) async fn master_keys(&self, store: &Store) -> anyhow::Result<MasterKeys> {
        let check = store.setting(Setting::MasterKeyCheck).await?;
        let (keys, place) = match self {
            Self::Given { keys, place } => (keys.clone(), place.clone()),
            Self::NewFile(path) => {
                let place = path.display().to_string();
                let keys = read_or_make(path, check.is_none()).with_context(|| place.clone())?;
                (keys, place)
            }
        };
        let check = if let Some(check) = check {
            check
        } else {
            let sealed = keys.seal(Uuid::nil(), CHECK)?;
            store.write_first(Setting::MasterKeyCheck, &sealed).await?;
            // Another process may have been first.
            let first = store.setting(Setting::MasterKeyCheck).await?;
            first.context("the database does not return the check of the master key that was just written to it")?
        };
        if keys.open(Uuid::nil(), &check).is_err() {
            bail!(
                "the master key in {place} is not the one that this database's secrets are sealed \
                 with: give that one with --master-key-file or IDENTITY_MASTER_KEY"
            );
        }
        let retiring = store.setting(Setting::RetiringMasterKeyCheck).await?;
        if retiring.is_some_and(|check| keys.open(Uuid::nil(), &check).is_err()) {
            bail!(
                "some secrets may still be sealed with the master key before the one in {place}: give \
                 both, the new one first, and run `identity-hmac-server rotate-master-key` to its end"
            );
        }
        Ok(keys)
    }
}

fn read_or_make(path: &Path, may_make: bool) -> anyhow::Result<MasterKeys> {
    let digits = match fs::read_to_string(path) {
        Ok(digits) => Zeroizing::new(digits),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !may_make {
                bail!(
                    "there is no such file, and the database's secrets are sealed with a master key \
                     already: give that one with --master-key-file or IDENTITY_MASTER_KEY"
                );
            }
            make(path)?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(MasterKeys::parse(&digits)?)
}

/// Writes a new master key. A process that was faster wins.
fn make(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let digits = Zeroizing::new(format!("{}\n", identity_hmac::generate_secret()?));
    match PrivateFile::prepare(path).and_then(|file| file.write(&digits)) {
        Ok(()) => {
            tracing::info!(file = %path.display(), "made a master key: keep a copy apart from the database");
            Ok(digits)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(Zeroizing::new(fs::read_to_string(path)?))
        }
        Err(error) => Err(error.into()),
    }
}

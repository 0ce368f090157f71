//! Where the master key comes from, and whether it is the database's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::master_key::MasterKey;
use crate::private_file::PrivateFile;
use crate::store::{Setting, Store};

/// What is sealed to recognise the key by.
const CHECK: &[u8] = b"identity-hmac-server";

/// Where the master key comes from.
#[derive(Debug)]
pub(crate) enum MasterKeySource {
    /// The environment variable `IDENTITY_MASTER_KEY`.
    Value(Zeroizing<String>),
    /// A file, made when there is none yet.
    File(PathBuf),
}

impl MasterKeySource {
    /// Finds the master key, makes it for a new database, and refuses one that is not the
    /// database's own: what it would seal, the others could not open.
    pub(crate) async fn master_key(&self, store: &Store) -> anyhow::Result<MasterKey> {
        let check = store.setting(Setting::MasterKeyCheck).await?;
        let (key, place) = match self {
            Self::Value(digits) => (
                MasterKey::from_hex(digits).context("IDENTITY_MASTER_KEY")?,
                "IDENTITY_MASTER_KEY".to_owned(),
            ),
            Self::File(path) => {
                let place = path.display().to_string();
                (
                    read_or_make(path, check.is_none()).context(place.clone())?,
                    place,
                )
            }
        };
        let check = if let Some(check) = check {
            check
        } else {
            let sealed = key.seal(Uuid::nil(), CHECK)?;
            store.write_first(Setting::MasterKeyCheck, &sealed).await?;
            // Another process may have been first.
            let first = store.setting(Setting::MasterKeyCheck).await?;
            first.context("the database lost what it was told")?
        };
        if key.open(Uuid::nil(), &check).is_err() {
            bail!(
                "the master key in {place} is not the one that this database's secrets are sealed \
                 with: give that one with --master-key-file or IDENTITY_MASTER_KEY"
            );
        }
        Ok(key)
    }
}

fn read_or_make(path: &Path, may_make: bool) -> anyhow::Result<MasterKey> {
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
    Ok(MasterKey::from_hex(&digits)?)
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

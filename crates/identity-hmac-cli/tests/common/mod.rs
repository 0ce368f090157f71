//! What the black-box tests of the command share.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking, and not every test uses everything"
)]

#[cfg(unix)]
pub(crate) mod terminal;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ring::hmac;

pub(crate) const SECRET: &str = "s3cret";

/// The document's pair, for [`SECRET`].
pub(crate) const VISITOR_1: &str =
    "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae";

/// The command, with no secret and no key in its environment.
pub(crate) fn identity_hmac() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity-hmac"));
    command.env_remove("IDENTITY_SECRET");
    command.env_remove("IDENTITY_TOKEN_KEY");
    command
}

/// The command, with [`SECRET`] in its environment.
pub(crate) fn with_secret() -> Command {
    let mut command = identity_hmac();
    command.env("IDENTITY_SECRET", SECRET);
    command
}

/// What another implementation signs with [`SECRET`].
pub(crate) fn hmac(visitor_id: impl AsRef<[u8]>) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hex::encode(hmac::sign(&key, visitor_id.as_ref()))
}

/// A folder that goes away with the value.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of this name and content in the folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The names of all that is in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

//! Where a command puts a new secret.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::private_file::PrivateFile;
use crate::shown_once;

/// Where a new secret goes.
#[derive(Debug, Args)]
pub(super) struct SecretOutput {
    /// Write the secret to a new file with mode 0600, without a line end, and do not show it
    #[arg(long, value_name = "FILE", value_parser = new_file())]
    secret_file: Option<PathBuf>,
}

impl SecretOutput {
    /// Makes sure that the secret can be written, before there is one. `None` is standard output.
    pub(super) fn prepare(&self) -> anyhow::Result<Option<PrivateFile>> {
        let Some(path) = &self.secret_file else {
            shown_once::check_output()?;
            return Ok(None);
        };
        let file = PrivateFile::prepare(path)
            .with_context(|| format!("--secret-file {}", path.display()))?;
        Ok(Some(file))
    }
}

/// A file to make. `-` is refused: without a file the secret goes to standard output.
fn new_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.to_str() {
        Some("-") => Err("name a file, or leave the option out to see the secret"),
        _ => Ok(path),
    })
}

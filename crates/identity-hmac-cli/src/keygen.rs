//! `keygen`: a new secret.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use identity_hmac::generate_secret;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::output::folder_of;

/// Make a new identity verification secret
///
/// 32 random bytes from the operating system, written as 64 hexadecimal digits. The digits are the
/// secret: give them to the chat vendor and to your backend as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  identity-hmac keygen
  identity-hmac keygen --output secret.txt")]
pub(crate) struct KeygenArgs {
    /// Write the secret, and no line end, to a new FILE that only you can read. A file that exists
    /// is never overwritten
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &KeygenArgs) -> anyhow::Result<ExitCode> {
    let secret = Zeroizing::new(generate_secret()?);
    match &args.output {
        None => print(&secret).context("cannot write the secret")?,
        Some(path) => write_new(path, &secret)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(secret: &str) -> io::Result<()> {
    // A whole line in one write: anything less would stay in the buffer of standard output.
    let mut line = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
    line.extend_from_slice(secret.as_bytes());
    line.push(b'\n');
    io::stdout().write_all(&line)
}

/// Writes `secret` to a file at `path` that must not exist yet. Temporary files have mode 0600.
fn write_new(path: &Path, secret: &str) -> anyhow::Result<()> {
    let shown = path.display();
    // The error is put into words here: see `exit::report`.
    let mut file = NamedTempFile::new_in(folder_of(path))
        .map_err(|error| anyhow!("cannot write {shown}: {error}; check the folder"))?;
    file.write_all(secret.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .with_context(|| format!("cannot write {shown}"))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{shown} exists and is not overwritten, lest a secret in use be lost; name a new file"
            )
        }
        kept => kept
            .map(drop)
            .map_err(|error| error.error)
            .with_context(|| format!("cannot write {shown}")),
    }
}

//! `keygen`: a new secret.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueHint};
use identity_hmac::{TokenKey, generate_secret};
use identity_hmac_file::{PendingFile, Readers};
use zeroize::Zeroizing;

use crate::output;

/// Make a new identity verification secret or identity token key
///
/// A secret is 32 random bytes from the operating system, written as 64 hexadecimal digits. The digits
/// are the secret: give them to the chat vendor and to your backend as they are. A token key is the
/// text itk_…, which holds 32 random bytes and an id.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  identity-hmac keygen
  identity-hmac keygen --output secret.txt
  identity-hmac keygen --token --output token-key.txt")]
pub(crate) struct KeygenArgs {
    /// Make an identity token key, which signs tokens
    #[arg(long)]
    token: bool,

    /// Write the secret, without a line end, to a new FILE that only you can read. keygen never
    /// overwrites a file; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &KeygenArgs) -> anyhow::Result<ExitCode> {
    let secret = Zeroizing::new(if args.token {
        TokenKey::generate()?
    } else {
        generate_secret()?
    });
    match &args.output {
        Some(path) if !output::is_stdout(path) => write_new(path, &secret)?,
        _ => print(&secret).context("cannot write the secret")?,
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

/// Writes `secret` to a file at `path` that must not exist yet.
fn write_new(path: &Path, secret: &str) -> anyhow::Result<()> {
    let shown = path.display();
    // The error is put into words here: see `exit::report`.
    let mut file = PendingFile::new(path, Readers::Owner)
        .map_err(|error| anyhow!("cannot write {shown}: {error}; check the folder"))?;
    let written = file
        .write_all(secret.as_bytes())
        .and_then(|()| file.persist_new());
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{shown} already exists. keygen never overwrites a file; choose another name")
        }
        written => written.with_context(|| format!("cannot write {shown}")),
    }
}

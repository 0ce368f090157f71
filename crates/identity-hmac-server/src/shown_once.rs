//! Secrets on standard output: each is shown once, before it counts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use anyhow::{anyhow, bail};

/// Refuses a standard output that keeps nothing: `/dev/null`, which the standard library also opens in
/// the place of a closed one.
pub(crate) fn check_output() -> anyhow::Result<()> {
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata()?;
    let is_null = |null: fs::Metadata| null.rdev() == output.rdev();
    if output.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(is_null) {
        bail!("standard output is closed or /dev/null: what is shown this once would be lost");
    }
    Ok(())
}

/// Prints what holds a secret, and fails unless all of it was taken.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        // Not as a source: other than for a list, a reader that is gone is an error here.
        .map_err(|error| anyhow!("standard output does not take what is shown this once: {error}"))
}

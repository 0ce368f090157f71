//! Secrets on standard output. Each is shown once, before it counts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use anyhow::{anyhow, bail};

/// Refuses `/dev/null` as standard output, since it would lose the secret. The standard library opens it
/// in the place of a closed one, too.
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
        // Not as a source: a reader that is gone ends a list well, but here it is an error.
        .map_err(|error| anyhow!("standard output does not take what is shown this once: {error}"))
}

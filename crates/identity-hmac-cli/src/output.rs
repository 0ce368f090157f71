//! Where results go: standard output, or a file that appears under its name when it is complete.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Stdout, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use identity_hmac_file::{PendingFile, Readers};

/// An opened output.
pub(crate) enum Output {
    Stdout(Stdout),
    /// A device or a pipe: nothing that could be replaced.
    Device(File),
    /// A regular file, or what becomes one.
    File(PendingFile),
}

/// Whether `path` stands for standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
}

impl Output {
    /// Opens the file at `path`, or standard output for none, `-` or `/dev/stdout`.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| !is_stdout(path)) else {
            return Ok(Self::Stdout(io::stdout()));
        };
        // The error is put into words here: see `exit::report`.
        let cannot = |error| {
            let path = path.display();
            anyhow!("cannot write {path}: {error}; check the folder and its permissions")
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                bail!("{} is a folder; name a file in it", path.display())
            }
            Ok(metadata) if !metadata.is_file() => {
                let device = OpenOptions::new().write(true).open(path);
                Ok(Self::Device(device.map_err(cannot)?))
            }
            existing => Self::replacing(path, existing.ok().as_ref()).map_err(cannot),
        }
    }

    fn replacing(path: &Path, existing: Option<&Metadata>) -> io::Result<Self> {
        let file = match existing {
            // A link stays a link: the file that it leads to is replaced.
            Some(existing) => {
                PendingFile::new(path.canonicalize()?, Readers::As(existing.permissions()))
            }
            None => PendingFile::new(path, Readers::Umask),
        };
        Ok(Self::File(file?))
    }

    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout(stdout) => stdout.is_terminal(),
            Self::Device(device) => device.is_terminal(),
            Self::File(_) => false,
        }
    }

    /// Makes sure that everything has arrived, and gives a file its name. Without this call, no file
    /// of that name appears.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.flush()
            .and_then(|()| match self {
                Self::File(file) => file.persist(),
                Self::Stdout(_) | Self::Device(_) => Ok(()),
            })
            .context("cannot write the results")
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Device(device) => device.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Device(device) => device.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

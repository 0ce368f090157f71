//! Where results go: standard output, or a file that appears under its name when it is complete.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tempfile::NamedTempFile;

/// An opened output.
pub(crate) enum Output {
    Stdout(Stdout),
    /// A device or a pipe: nothing that could be replaced.
    Device(File),
    /// A regular file, beside which the new content grows.
    File {
        temporary: NamedTempFile,
        path: PathBuf,
    },
}

impl Output {
    /// Opens the file at `path`, or standard output for none, `-` or `/dev/stdout`.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let is_stdout = |path: &Path| path == Path::new("-") || path == Path::new("/dev/stdout");
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
        // A link stays a link: what is replaced is the file that it leads to.
        let path = match existing {
            Some(_) => path.canonicalize()?,
            None => path.to_owned(),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".identity-hmac-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What a shell's redirection gives, less the umask.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder_of(&path))?;
        if let Some(existing) = existing {
            temporary
                .as_file()
                .set_permissions(existing.permissions())?;
        }
        Ok(Self::File { temporary, path })
    }

    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout(stdout) => stdout.is_terminal(),
            Self::Device(device) => device.is_terminal(),
            Self::File { .. } => false,
        }
    }

    /// Makes sure that everything has arrived, and gives a file its name. Without this call
    /// nothing appears under that name.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.flush().context("cannot write the results")?;
        if let Self::File { temporary, path } = self {
            let synced = temporary.as_file().sync_all();
            synced.context("cannot write the results")?;
            temporary
                .persist(&path)
                .map_err(|error| error.error)
                .with_context(|| {
                    format!("cannot rename the finished file to {}", path.display())
                })?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Device(device) => device.write(bytes),
            Self::File { temporary, .. } => temporary.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Device(device) => device.flush(),
            Self::File { temporary, .. } => temporary.flush(),
        }
    }
}

/// The folder that the file at `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

//! Standard input, which a run can read for one purpose only.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::bail;

/// What standard input is read for.
static PURPOSE: OnceLock<&str> = OnceLock::new();

/// Whether `path` stands for standard input.
pub(crate) fn is_meant_by(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]
        .iter()
        .any(|name| path == Path::new(name))
}

/// Reserves standard input for `purpose`, before it is read.
pub(crate) fn claim(purpose: &'static str) -> anyhow::Result<()> {
    match PURPOSE.set(purpose) {
        Ok(()) => Ok(()),
        Err(_) => bail!(
            "standard input cannot give both {} and {purpose}; name a file for one of them",
            PURPOSE.get().unwrap_or(&"something")
        ),
    }
}

/// Standard input without the buffer of the standard library, where a secret would remain.
pub(crate) fn unbuffered() -> io::Result<File> {
    #[cfg(unix)]
    let own = {
        use std::os::fd::AsFd;
        io::stdin().as_fd().try_clone_to_owned()?
    };
    #[cfg(windows)]
    let own = {
        use std::os::windows::io::AsHandle;
        io::stdin().as_handle().try_clone_to_owned()?
    };
    Ok(own.into())
}

//! New files that only their owner reads, and that are there whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use identity_hmac_file::{PendingFile, Readers};

/// A file that waits for its content. When it is dropped before, or the process ends, nothing is
/// left.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    folder: PathBuf,
    content: PendingFile,
}

impl PrivateFile {
    /// Makes sure that `path` can be written, before there is a secret to lose. Fails with
    /// `AlreadyExists` when there is such a file.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        if path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        Ok(Self {
            folder: folder.to_owned(),
            content: PendingFile::new(path, Readers::Owner)?,
        })
    }

    /// Writes the file, durably, with mode 0600. Fails with `AlreadyExists` when somebody else was
    /// faster.
    pub(crate) fn write(mut self, content: &str) -> io::Result<()> {
        self.content.write_all(content.as_bytes())?;
        self.content.persist_new()?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_private_file_is_its_owners_alone_and_holds_the_content_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        PrivateFile::prepare(&path)
            .unwrap()
            .write("s3cret")
            .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"s3cret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_file_that_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let prepared = PrivateFile::prepare(&path).unwrap();
        fs::write(&path, "older").unwrap();
        for refused in [
            PrivateFile::prepare(&path).map(drop).unwrap_err(),
            prepared.write("newer").unwrap_err(),
        ] {
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"older");
    }

    #[test]
    fn an_unused_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(PrivateFile::prepare(&folder.path().join("secret")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

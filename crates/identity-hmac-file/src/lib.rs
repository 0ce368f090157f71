#![doc = include_str!("../README.md")]

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The start of the name that a finished file may have for a moment.
const PREFIX: &str = ".identity-hmac-";

/// Who can read the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: mode 0600.
    Owner,
    /// As for a file that a shell makes: mode 0666 less the umask.
    Umask,
    /// These permissions.
    As(Permissions),
}

/// A file that does not appear under its name before it is complete.
///
/// If it is dropped before that, nothing is left of it.
#[derive(Debug)]
pub struct PendingFile {
    content: File,
    path: PathBuf,
    readers: Readers,
}

impl PendingFile {
    /// Makes a file that can become the one at `path`. Its content grows in the same folder.
    ///
    /// # Errors
    ///
    /// What the operating system gives, for instance if the folder does not exist.
    pub fn new(path: impl Into<PathBuf>, readers: Readers) -> io::Result<Self> {
        let path = path.into();
        Ok(Self {
            content: unnamed_in(folder_of(&path), &readers)?,
            path,
            readers,
        })
    }

    /// Gives the file its name. The content is on the disk before.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if there is something of that name, which is left
    /// alone; otherwise what the operating system gives.
    pub fn persist_new(self) -> io::Result<()> {
        self.complete()?;
        match link(&self.content, &self.path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let copy = self.named_copy()?;
                copy.persist_noclobber(&self.path)?;
                Ok(())
            }
            linked => linked,
        }
    }

    /// Gives the file its name, and replaces what had that name in one step. The content is on the disk
    /// before.
    ///
    /// # Errors
    ///
    /// What the operating system gives. What has that name is then left as it was.
    pub fn persist(self) -> io::Result<()> {
        self.complete()?;
        if link(&self.content, &self.path).is_ok() {
            return Ok(());
        }
        let folder = folder_of(&self.path);
        let linked = tempfile::Builder::new()
            .prefix(PREFIX)
            .make_in(folder, |path| link(&self.content, path));
        let named = match linked {
            Ok(linked) => linked.into_temp_path(),
            Err(_) => self.named_copy()?.into_temp_path(),
        };
        named.persist(&self.path)?;
        Ok(())
    }

    /// Does all that can fail before the file has a name.
    fn complete(&self) -> io::Result<()> {
        if let Readers::As(permissions) = &self.readers {
            self.content.set_permissions(permissions.clone())?;
        }
        self.content.sync_all()
    }

    /// A file with the same content under a hidden name.
    fn named_copy(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(Permissions::from_mode(mode(&self.readers)));
        }
        let mut copy = builder.tempfile_in(folder_of(&self.path))?;
        if let Readers::As(permissions) = &self.readers {
            copy.as_file().set_permissions(permissions.clone())?;
        }
        let mut content = &self.content;
        content.rewind()?;
        io::copy(&mut content, copy.as_file_mut())?;
        copy.as_file().sync_all()?;
        Ok(copy)
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.content.flush()
    }
}

/// The mode before the umask.
#[cfg(unix)]
fn mode(readers: &Readers) -> u32 {
    match readers {
        Readers::Umask => 0o666,
        Readers::Owner | Readers::As(_) => 0o600,
    }
}

/// A file that has no name and can get one.
#[cfg(target_os = "linux")]
fn unnamed_in(folder: &Path, readers: &Readers) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match open(folder, flags, Mode::from_raw_mode(mode(readers))) {
        Ok(file) => Ok(file.into()),
        Err(_) => tempfile::tempfile_in(folder),
    }
}

/// A file that has no name and cannot get one.
#[cfg(not(target_os = "linux"))]
fn unnamed_in(folder: &Path, _readers: &Readers) -> io::Result<File> {
    tempfile::tempfile_in(folder)
}

/// Gives `file` the name `path`, which must be free.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, unnamed, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// The folder that the file at `path` is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file for `path` that holds `content`; one that can be linked to, and one that has to be
    /// copied.
    fn pending(path: &Path, readers: &Readers, content: &str) -> [PendingFile; 2] {
        let linked = PendingFile::new(path, readers.clone()).unwrap();
        let copied = PendingFile {
            // As on a file system that knows no files without a name: the name is taken away.
            content: NamedTempFile::new_in(folder_of(path)).unwrap().into_file(),
            path: path.to_owned(),
            readers: readers.clone(),
        };
        [linked, copied].map(|mut file| {
            file.write_all(content.as_bytes()).unwrap();
            file
        })
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_whose_name_was_taken_away_cannot_be_linked_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let [linked, copied] = pending(&path, &Readers::Owner, "");
        assert!(link(&copied.content, &path).is_err());
        assert!(link(&linked.content, &path).is_ok());
    }

    #[test]
    fn nothing_has_a_name_before_it_is_complete_and_nothing_is_left_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let files = pending(&folder.path().join("file"), &Readers::Umask, "content");
        assert!(names(folder.path()).is_empty());
        drop(files);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_new_file_takes_its_name_and_never_that_of_another() {
        for which in [0, 1] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let [first, second] = pending(&path, &Readers::Owner, "first");
            [first, second]
                .into_iter()
                .nth(which)
                .unwrap()
                .persist_new()
                .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "first");
            for late in pending(&path, &Readers::Owner, "late") {
                let error = late.persist_new().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), "first");
            assert_eq!(names(folder.path()), ["file"]);
        }
    }

    #[test]
    fn what_has_the_name_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in ["first", "second"] {
            for file in pending(&path, &Readers::Umask, content) {
                file.persist().unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), content);
                assert_eq!(names(folder.path()), ["file"]);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_the_one_asked_for() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "any").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let of_any_file = mode(&path);
        for (readers, expected) in [
            (Readers::Owner, 0o600),
            (Readers::Umask, of_any_file),
            (Readers::As(Permissions::from_mode(0o640)), 0o640),
            (Readers::As(Permissions::from_mode(0o400)), 0o400),
        ] {
            for file in pending(&path, &readers, "") {
                file.persist().unwrap();
                assert_eq!(mode(&path), expected, "{readers:?}");
            }
        }
    }
}

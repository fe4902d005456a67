//! Writing a private file so that a reader, or a power cut, sees the old text or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How long another program may hold the lock of a file that we want to change.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// Replaces `path` by `text`: a file beside it, made with mode 0600, flushed and renamed over it.
///
/// A file that is there keeps its mode, and a symbolic link stays one: what it points to is replaced.
pub fn replace(path: &Path, text: &str) -> Result {
    let failed = |error: std::io::Error| Error::file("write", path, &error);
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".pyk8s-")
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    if let Ok(there) = fs::metadata(&target) {
        file.as_file()
            .set_permissions(there.permissions())
            .map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Makes a folder, and its parents, that only its owner can look into.
pub fn private_folder(path: &Path) -> Result {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| Error::file("make the folder", path, &error))
}

/// Takes away what others may do with a file or folder of ours that somebody opened up.
pub fn make_private(path: &Path, mode: u32) -> Result {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| Error::file("change the mode of", path, &error))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// The lock that kubectl, too, takes before it changes a kubeconfig: `<file>.lock`.
#[derive(Debug)]
pub struct Lock(PathBuf);

impl Lock {
    /// Waits a moment for another holder; one that never lets go is named in the error.
    pub fn take(path: &Path) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let start = Instant::now();
        loop {
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&lock)
                .map(drop::<File>)
            {
                Ok(()) => return Ok(Self(lock)),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(Error::file("lock", &lock, &error));
                }
                Err(_) if start.elapsed() > LOCK_PATIENCE => {
                    return Err(Error::Failed(format!(
                        "{} is there: another program changes the file, or one died doing so; \
                         remove the lock if nothing runs",
                        lock.display()
                    )));
                }
                Err(_) => sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nothing can be done about a lock that cannot be removed; the next one to wait is told of it.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_private_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        replace(&path, "a").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link_and_its_target_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&target, &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(mode(&target), 0o640);
    }

    #[test]
    fn a_lock_is_held_by_one_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let held = Lock::take(&path).unwrap();
        assert!(folder.path().join("config.lock").exists());
        drop(held);
        drop(Lock::take(&path).unwrap());
        assert!(!folder.path().join("config.lock").exists());
    }
}

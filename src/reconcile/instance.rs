//! Which server processes of this host are alive.
//!
//! Each holds a lock on a file of its own; the kernel lets it go when the process ends, in whatever way.
//! So a server that comes up knows at once that the leases of the one that was killed are nobody's.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::store::{Store, StoreError};

/// This server process, as the owner of leases.
pub struct Instance {
    owner: String,
    host: String,
    folder: PathBuf,
    /// Locked for as long as the process lives.
    _lock: File,
}

impl Instance {
    /// Begins an instance on `host`, which keeps its locks in `folder`.
    ///
    /// # Errors
    /// [`io::Error`] when the folder can't be written.
    pub fn begin(folder: &Path, host: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let id = Uuid::new_v4().simple().to_string();
        let lock = File::create(path(folder, &id))?;
        lock.lock()?;
        Ok(Self {
            owner: format!("{host}/{id}"),
            host: host.to_owned(),
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    /// The name that leases carry.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Ends the leases of instances of this host that are dead, and forgets their locks.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say who holds leases.
    pub async fn bury_the_dead(&self, store: &Store) -> Result<(), StoreError> {
        for owner in store.lease_owners().await? {
            let here = owner
                .strip_prefix(&self.host)
                .and_then(|rest| rest.strip_prefix('/'));
            if owner != self.owner && here.is_some_and(|id| !self.is_alive(id)) {
                let leases = store.release_leases_of(&owner).await?;
                tracing::info!(owner, leases, "took the work of a server that ended");
            }
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".lock"));
            if id.is_some_and(|id| !self.owner.ends_with(id) && !self.is_alive(id)) {
                // Its leases are ended: the file says nothing any more.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn is_alive(&self, id: &str) -> bool {
        match File::open(path(&self.folder, id)).map(|file| file.try_lock()) {
            Ok(Ok(())) => false,
            Ok(Err(TryLockError::WouldBlock)) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            // In doubt it is: its leases end by themselves.
            Ok(Err(TryLockError::Error(_))) | Err(_) => true,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some((_, id)) = self.owner.rsplit_once('/') {
            let _ = fs::remove_file(path(&self.folder, id));
        }
    }
}

fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let here = Instance::begin(folder.path(), "h").unwrap();
        let other = Instance::begin(folder.path(), "h").unwrap();
        let id = other.owner().strip_prefix("h/").unwrap().to_owned();
        assert!(here.is_alive(&id));
        drop(other);
        assert!(!here.is_alive(&id));
        assert!(!here.is_alive("never-there"));
    }
}

//! The little that is kept in the data directory beside the database.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use super::ConfigError;

/// Makes a folder that only its owner can look into; one that is there stays as it is, and must be writable.
pub(super) fn make_private_folder(folder: &Path) -> Result<(), ConfigError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        // SQLite would only say that it can't open its file.
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .map_err(|error| ConfigError::file(folder, error))
}

/// The content of a file that is made once, for its owner's eyes only.
///
/// It appears whole or not at all, and of two servers that start at once one makes it.
pub(super) fn kept(path: &Path, make: impl FnOnce() -> String) -> Result<String, ConfigError> {
    let failed = |error| ConfigError::file(path, error);
    match fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let made = make();
    // Files of this crate have mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(made.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(made),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(failed),
        Err(error) => Err(failed(error.error)),
    }
}

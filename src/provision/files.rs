//! Files of providers: whole or not at all, and folders by the lab's names for clusters.

use std::{fs, io, path::Path};

use crate::domain::ProviderRef;

/// The lab's names among the entries of a folder; none where there is no folder.
pub(super) fn names_in(folder: &Path) -> io::Result<Vec<ProviderRef>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(entries
        .flatten()
        .filter_map(|entry| ProviderRef::recognise(entry.file_name().to_str()?))
        .collect())
}

/// Writes a file that is there whole or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

//! What can be wrong with the settings.

use std::path::{Path, PathBuf};

use crate::{bus::BusError, service::CipherError, store::StoreError};

/// A setting that is wrong, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no home directory to take the default from.
    #[error("{0} must be set: this user has no home directory")]
    NoHome(&'static str),
    /// A file or folder of the data directory can't be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database's address is wrong.
    #[error(transparent)]
    Database(StoreError),
    /// Redis's address is wrong.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A secret must be given.
    #[error("{0} must be set in production: `openssl rand -base64 32` makes a good one")]
    MissingSecret(&'static str),
    /// A secret would be guessed.
    #[error("{name} is too weak for production: {why}; `openssl rand -base64 32` makes a good one")]
    WeakSecret {
        /// Its name.
        name: &'static str,
        /// What is weak about it.
        why: &'static str,
    },
    /// An encryption key is no key.
    #[error("{name}: {source}")]
    BadKey {
        /// Its name.
        name: &'static str,
        /// Why.
        source: CipherError,
    },
    /// A host id that leases could not carry.
    #[error("HOST_ID must not be empty, nor hold a slash")]
    BadHost,
    /// `VCLUSTER_ADDRESS` is no pattern of addresses.
    #[error(
        "VCLUSTER_ADDRESS must be an https address with {{name}} in it, such as https://{{name}}.clusters.example.org"
    )]
    BadVclusterAddress,
}

impl ConfigError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

//! The use cases: the only place where a rule is enforced, whoever asks, by page, API or reconciler.

mod accounts;
mod administration;
mod cipher;
mod clusters;
mod error;
mod journal;
mod keys;
mod passwords;
mod proofs;
mod tokens;
mod watch;

pub use accounts::Accounts;
pub use administration::{Administration, Administrator};
pub use cipher::{CipherError, EncryptionKey, KubeconfigCipher};
pub use clusters::{Clusters, Limits, Listed, Wish};
pub use error::ServiceError;
pub use journal::{Journal, Told};
pub use keys::SecretKey;
pub use passwords::Passwords;
pub use proofs::{MAX_TOKEN_DAYS, Proof, SESSION_LIFE};
pub use tokens::{Bearer, Tokens};
pub use watch::{Watch, WatchError};

//! Passwords: argon2id, in a bounded pool, in the same time whether or not there is an account.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::ServiceError;
use crate::domain::Password;

/// Hashes and checks passwords with the `argon2` crate's defaults: argon2id, 19 MiB, two passes
/// (OWASP Password Storage Cheat Sheet).
#[derive(Clone)]
pub struct Passwords {
    /// A hash is 19 MiB of memory and a whole core: as many at once as there are cores.
    places: Arc<Semaphore>,
    /// What is checked against when there is no account.
    decoy: Arc<str>,
}

impl Passwords {
    /// Prepares the pool. Blocks for the time of one hash.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] when the system gives no randomness.
    pub fn new() -> Result<Self, ServiceError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            places: Arc::new(Semaphore::new(cores)),
            decoy: hash("nobody's password")?.into(),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] when the system gives no randomness.
    pub async fn hash(&self, password: Password) -> Result<String, ServiceError> {
        self.in_pool(move || hash(password.expose())).await?
    }

    /// Whether `password` is the one behind `hash`; with no hash it takes as long and is `false`.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] when the stored hash can't be read.
    pub async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, ServiceError> {
        let decoy = self.decoy.clone();
        self.in_pool(move || {
            let known = hash.is_some();
            let against = hash.as_deref().unwrap_or(&decoy);
            let against = PasswordHash::new(against)
                .map_err(|error| ServiceError::internal(error.to_string()))?;
            let matches = Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &against)
                .is_ok();
            Ok(known && matches)
        })
        .await?
    }

    async fn in_pool<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(ServiceError::internal)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(ServiceError::internal)
    }
}

fn hash(password: &str) -> Result<String, ServiceError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| ServiceError::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords
            .hash("correct horse".parse().unwrap())
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .verify("correct horse".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("battery staple".into(), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn without_an_account_nothing_matches_not_even_the_decoy() {
        let passwords = Passwords::new().unwrap();
        assert!(
            !passwords
                .verify("nobody's password".into(), None)
                .await
                .unwrap()
        );
    }
}

//! One secret, several keys: each purpose has its own, derived by HKDF (RFC 5869).

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The installation's secret, from which the keys of tokens and cookies come.
#[derive(Debug, Clone)]
pub struct SecretKey(SecretString);

impl SecretKey {
    /// The fewest characters that are accepted in production.
    pub const MIN_CHARS: usize = 32;

    /// Takes a secret.
    pub fn new(secret: impl Into<SecretString>) -> Self {
        Self(secret.into())
    }

    /// The key for a purpose.
    #[expect(clippy::expect_used, reason = "a proven invariant, see its words")]
    pub fn derive(&self, purpose: &str) -> [u8; 64] {
        let mut key = [0; 64];
        Hkdf::<Sha256>::new(None, self.0.expose_secret().as_bytes())
            .expand(purpose.as_bytes(), &mut key)
            .expect("64 bytes are below HKDF-SHA256's limit of 8160 (RFC 5869, 2.3)");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_its_own_key() {
        let secret = SecretKey::new("a secret");
        assert_eq!(secret.derive("tokens"), secret.derive("tokens"));
        assert_ne!(secret.derive("tokens"), secret.derive("cookies"));
        assert_ne!(
            secret.derive("tokens"),
            SecretKey::new("another").derive("tokens")
        );
    }
}

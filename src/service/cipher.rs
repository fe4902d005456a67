//! Kubeconfigs at rest: AES-256-GCM, bound to their cluster, under keys that can be rotated.
//!
//! A sealed text is: format (1 byte), key id (4), nonce (12), ciphertext and tag.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, Generate, Key, KeyInit, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use crate::domain::ClusterId;

const FORMAT: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const HEAD: usize = 1 + KEY_ID + NONCE;

/// Why a text can't be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// A key is not 32 bytes in base64.
    #[error("it must be 32 bytes in base64, as `openssl rand -base64 32` prints them")]
    BadKey,
    /// None of the keys has the id that the text names.
    #[error(
        "it is encrypted under a key that is neither ENCRYPTION_KEY nor ENCRYPTION_KEY_PREVIOUS"
    )]
    UnknownKey,
    /// It was changed, cut, or is another cluster's.
    #[error("it can't be decrypted: it was changed, or belongs to another cluster")]
    Damaged,
}

/// A key of 32 bytes, with the id that sealed texts name it by.
#[derive(Clone)]
pub struct EncryptionKey {
    id: [u8; KEY_ID],
    cipher: Aes256Gcm,
}

impl EncryptionKey {
    /// Reads a key from base64.
    ///
    /// # Errors
    /// [`CipherError::BadKey`] when it is not 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, CipherError> {
        let bytes = BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| CipherError::BadKey)?;
        let cipher = Aes256Gcm::new_from_slice(&bytes).map_err(|_| CipherError::BadKey)?;
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&Sha256::digest(&bytes)[..KEY_ID]);
        Ok(Self { id, cipher })
    }

    /// A fresh key, in base64.
    pub fn generate() -> String {
        BASE64_STANDARD.encode(Key::<Aes256Gcm>::generate())
    }
}

/// Seals and opens kubeconfigs.
#[derive(Clone)]
pub struct KubeconfigCipher {
    current: EncryptionKey,
    previous: Option<EncryptionKey>,
}

impl KubeconfigCipher {
    /// Takes the key in use, and the one that was in use before.
    pub fn new(current: EncryptionKey, previous: Option<EncryptionKey>) -> Self {
        Self { current, previous }
    }

    /// Seals a cluster's kubeconfig.
    ///
    /// # Errors
    /// [`CipherError::Damaged`] when it is too long for the algorithm (64 GiB).
    pub fn seal(&self, cluster: ClusterId, text: &str) -> Result<Vec<u8>, CipherError> {
        let nonce = Nonce::generate();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: cluster.as_bytes(),
        };
        let sealed = self
            .current
            .cipher
            .encrypt(&nonce, payload)
            .map_err(|_| CipherError::Damaged)?;
        Ok([&[FORMAT], &self.current.id[..], &nonce[..], &sealed[..]].concat())
    }

    /// Opens what was sealed for the same cluster.
    ///
    /// # Errors
    /// [`CipherError`] when no key fits, or the text is not what was sealed.
    pub fn open(&self, cluster: ClusterId, sealed: &[u8]) -> Result<String, CipherError> {
        if sealed.len() < HEAD || sealed[0] != FORMAT {
            return Err(CipherError::Damaged);
        }
        let (id, rest) = sealed[1..].split_at(KEY_ID);
        let (nonce, text) = rest.split_at(NONCE);
        let key = std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id == id)
            .ok_or(CipherError::UnknownKey)?;
        let nonce = Nonce::try_from(nonce).map_err(|_| CipherError::Damaged)?;
        let payload = Payload {
            msg: text,
            aad: cluster.as_bytes(),
        };
        let text = key
            .cipher
            .decrypt(&nonce, payload)
            .map_err(|_| CipherError::Damaged)?;
        String::from_utf8(text).map_err(|_| CipherError::Damaged)
    }

    /// Whether a sealed text is under the key in use.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.get(1..=KEY_ID) == Some(&self.current.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> EncryptionKey {
        EncryptionKey::from_base64(&EncryptionKey::generate()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let (cipher, id) = (KubeconfigCipher::new(key(), None), ClusterId::random());
        let sealed = cipher.seal(id, "client-key-data").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"client"));
        assert_eq!(cipher.open(id, &sealed).unwrap(), "client-key-data");
        assert_ne!(
            sealed,
            cipher.seal(id, "client-key-data").unwrap(),
            "each has a nonce of its own"
        );
    }

    #[test]
    fn another_clusters_or_a_changed_text_does_not_open() {
        let (cipher, id) = (KubeconfigCipher::new(key(), None), ClusterId::random());
        let sealed = cipher.seal(id, "secret").unwrap();
        assert_eq!(
            cipher.open(ClusterId::random(), &sealed),
            Err(CipherError::Damaged)
        );
        for at in [0, HEAD - 1, HEAD, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(cipher.open(id, &changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(cipher.open(id, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn keys_rotate() {
        let (old, new, id) = (key(), key(), ClusterId::random());
        let sealed = KubeconfigCipher::new(old.clone(), None)
            .seal(id, "secret")
            .unwrap();
        let rotated = KubeconfigCipher::new(new.clone(), Some(old));
        assert!(!rotated.is_current(&sealed));
        assert_eq!(rotated.open(id, &sealed).unwrap(), "secret");
        assert_eq!(
            KubeconfigCipher::new(new, None).open(id, &sealed),
            Err(CipherError::UnknownKey)
        );
    }

    #[test]
    fn a_key_is_32_bytes() {
        for bad in ["", "c2hvcnQ=", "not base64!"] {
            assert!(EncryptionKey::from_base64(bad).is_err());
        }
    }
}

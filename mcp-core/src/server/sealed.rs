//! Request state that only its makers can read: AES-256-GCM under rotating keys.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::RequestStateStore;
use crate::protocol::RpcError;

/// Seals request state into the token itself, so that no server has to remember it.
///
/// Replicas that share keys can answer each other's retries. To rotate, put the new key first and
/// keep the old one as a previous key for as long as clients may take to answer (15 minutes).
pub struct SealedState {
    current: Aes256Gcm,
    previous: Vec<Aes256Gcm>,
}

impl SealedState {
    /// Seals with a key of 256 random bits.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { current: cipher(key), previous: Vec::new() }
    }

    /// Seals with a key made now: good for one process until it ends.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn random() -> Result<Self, RpcError> {
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).map_err(|_| RpcError::internal("no random numbers"))?;
        Ok(Self::new(&key))
    }

    /// Also opens what was sealed with an older key.
    #[must_use]
    pub fn with_previous(mut self, key: &[u8; 32]) -> Self {
        self.previous.push(cipher(key));
        self
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

impl RequestStateStore for SealedState {
    fn seal(&self, payload: &[u8], binding: &[u8]) -> Result<String, RpcError> {
        let mut nonce = [0u8; 12];
        getrandom::fill(&mut nonce).map_err(|_| RpcError::internal("no random numbers"))?;
        let sealed = self.current.encrypt(&Nonce::from(nonce), Payload { msg: payload, aad: binding });
        let sealed = sealed.map_err(|_| RpcError::internal("request state could not be sealed"))?;
        let mut token = nonce.to_vec();
        token.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    fn open(&self, token: &str, binding: &[u8]) -> Option<Vec<u8>> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = token.split_first_chunk::<12>()?;
        let payload = || Payload { msg: sealed, aad: binding };
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find_map(|key| key.decrypt(&Nonce::from(*nonce), payload()).ok())
    }
}

impl fmt::Debug for SealedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedState")
    }
}

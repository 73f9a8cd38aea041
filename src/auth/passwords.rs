//! Password hashes: argon2id, a few at a time so that sign-ins cannot take all memory.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use base64::Engine;
use tokio::sync::Semaphore;

use crate::error::{AppError, Result};

/// At 19 MiB each, this many hashes are computed at once; the rest wait their turn.
const AT_ONCE: usize = 2;

#[derive(Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Passwords(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.blocking(move || hash(&password)).await?
    }

    /// Takes as long for a missing account as for a wrong password.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = password.to_owned();
        self.blocking(move || {
            let known = hash.is_some();
            let text = hash.unwrap_or_else(|| nobodys_hash().to_owned());
            let parsed = PasswordHash::new(&text).map_err(AppError::internal)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known)
        })
        .await?
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _turn = self.0.acquire().await.map_err(AppError::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
    }
}

fn hash(password: &str) -> Result<String> {
    let salt = SaltString::from_b64(&base64::engine::general_purpose::STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>()))
        .map_err(AppError::internal)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(AppError::internal)?.to_string())
}

fn nobodys_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("").unwrap_or_default())
}

/// Between 10 and 128 characters; length is what counts.
pub fn acceptable(password: &str) -> bool {
    (10..=128).contains(&password.chars().count())
}

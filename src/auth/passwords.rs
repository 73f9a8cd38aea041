//! Password hashes: argon2id, a few at a time and in memory that is kept for it, so that sign-ins cannot take all there is.

use std::sync::{Arc, Mutex, OnceLock};

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{AppError, Result};

/// At 19 MiB each, this many hashes are computed at once; the rest wait their turn.
const AT_ONCE: usize = 2;
/// What an account has whom no password opens: a hash that none has.
pub const NO_PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8gcGFzc3dvcmQgaGVyZQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords { turns: Arc::new(Semaphore::new(AT_ONCE)), memory: Arc::default() }
    }
}

impl Passwords {
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.blocking(move |memory| hash(&password, memory)).await
    }

    /// Takes as long for a missing account as for a wrong password.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = password.to_owned();
        self.blocking(move |memory| {
            let known = hash.is_some();
            let text = hash.map_or_else(|| nobodys_hash(memory), Ok)?;
            let parsed = PasswordHash::new(&text).map_err(AppError::internal)?;
            let (Some(salt), Some(expected)) = (parsed.salt, parsed.hash) else {
                return Err(AppError::internal("a stored password is no hash"));
            };
            let params = Params::try_from(&parsed).map_err(AppError::internal)?;
            // Outputs compare in constant time.
            Ok(compute(&password, salt, params, expected.len(), memory)? == expected && known)
        })
        .await
    }

    /// The turn goes with the work: a caller that leaves does not make room for another while its hash is computed.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&mut Vec<Block>) -> Result<T> + Send + 'static) -> Result<T> {
        let turn = self.turns.clone().acquire_owned().await.map_err(AppError::internal)?;
        let kept = self.memory.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut memory = kept.lock().expect("no panic under this lock").pop().unwrap_or_default();
            let done = work(&mut memory);
            kept.lock().expect("no panic under this lock").push(memory);
            drop(turn);
            done
        });
        done.await.map_err(AppError::internal)?
    }
}

fn compute(password: &str, salt: Salt<'_>, params: Params, length: usize, memory: &mut Vec<Block>) -> Result<Output> {
    let mut decoded = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut decoded).map_err(AppError::internal)?;
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    Output::init_with(length, |out| {
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(argon.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory[..blocks])?)
    })
    .map_err(AppError::internal)
}

fn hash(password: &str, memory: &mut Vec<Block>) -> Result<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(AppError::internal)?;
    let output = compute(password, salt.as_salt(), Params::default(), LENGTH, memory)?;
    let written = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::default()).map_err(AppError::internal)?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(written.to_string())
}

fn nobodys_hash(memory: &mut Vec<Block>) -> Result<String> {
    static HASH: OnceLock<String> = OnceLock::new();
    match HASH.get() {
        Some(known) => Ok(known.clone()),
        None => Ok(HASH.get_or_init(|| hash("", memory).unwrap_or_default()).clone()),
    }
}

/// Between 10 and 128 characters; length is what counts.
pub fn acceptable(password: &str) -> bool {
    (10..=128).contains(&password.chars().count())
}

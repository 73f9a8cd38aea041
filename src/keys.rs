//! The key file: one secret outside the database that seals signing keys and phones.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::error::{AppError, Result};

/// The first line of a key file; the key follows on the second.
const HEADING: &str = "alliance key 1 - keep this file secret and backed up apart from the database";

#[derive(Clone)]
pub struct KeyFile(XChaCha20Poly1305);

impl KeyFile {
    /// Reads the file; the error says what is wrong and how to mend it.
    pub fn read(path: &Path) -> std::result::Result<KeyFile, String> {
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!(
                "there is no key file at {}: set ALLIANCE_KEY_FILE to the one that belongs to this database (`alliance migrate` makes one for an empty database)",
                path.display()
            ),
            _ => format!("the key file {} cannot be read: {error}", path.display()),
        })?;
        let key = text.lines().nth(1).and_then(|line| STANDARD_NO_PAD.decode(line.trim()).ok()).filter(|key| key.len() == 32);
        match key {
            Some(key) if text.starts_with(HEADING) => Ok(KeyFile(XChaCha20Poly1305::new(key.as_slice().into()))),
            _ => Err(format!("{} is not a key file of this program", path.display())),
        }
    }

    /// Makes a new file, readable by its owner alone; an existing one is never touched.
    pub fn create(path: &Path) -> std::result::Result<KeyFile, String> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let key: [u8; 32] = rand::random();
        let mut file = options.open(path).map_err(|error| format!("the key file {} cannot be made: {error}", path.display()))?;
        writeln!(file, "{HEADING}\n{}", STANDARD_NO_PAD.encode(key))
            .and_then(|()| file.sync_all())
            .map_err(|error| format!("the key file {} cannot be written: {error}", path.display()))?;
        Ok(KeyFile(XChaCha20Poly1305::new((&key).into())))
    }

    /// Seals bytes for one purpose; they open for no other.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> String {
        let nonce: [u8; 24] = rand::random();
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: purpose.as_bytes() });
        let sealed = sealed.expect("sealing fails only beyond 256 GiB");
        STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>> {
        let wrong = || AppError::internal(format!("a sealed {purpose} does not open with this key file"));
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| wrong())?;
        let (nonce, body) = bytes.split_first_chunk::<24>().ok_or_else(wrong)?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: purpose.as_bytes() }).map_err(|_| wrong())
    }

    pub fn open_text(&self, purpose: &str, sealed: &str) -> Result<String> {
        String::from_utf8(self.open(purpose, sealed)?).map_err(AppError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_phone_opens_only_with_its_key_and_for_its_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alliance.key");
        let key = KeyFile::create(&path).unwrap();
        let sealed = key.seal("phone", b"13800000000");
        assert_eq!(KeyFile::read(&path).unwrap().open_text("phone", &sealed).unwrap(), "13800000000");
        assert!(key.open("profile", &sealed).is_err());
        assert!(KeyFile::create(&folder.path().join("other.key")).unwrap().open("phone", &sealed).is_err());
        assert!(KeyFile::create(&path).is_err());
    }
}

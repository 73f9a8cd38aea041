//! The key file: one secret outside the database that seals signing keys and phones.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::config::both;
use crate::error::{AppError, Result};

/// The first line of a key file; the key follows on the second.
const HEADING: &str = "alliance key 1 - keep this file secret and backed up apart from the database";

#[derive(Clone)]
pub struct KeyFile(XChaCha20Poly1305);

impl KeyFile {
    /// Reads the file; the error says what is wrong and how to mend it.
    pub fn read(path: &Path) -> std::result::Result<KeyFile, String> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => both(
                format!("没有密钥文件 {name}：请将 ALLIANCE_KEY_FILE 设为本数据库所属的密钥文件"),
                format!("there is no key file at {name}: set ALLIANCE_KEY_FILE to the one that belongs to this database"),
            ),
            _ => both(format!("无法读取密钥文件 {name}"), format!("the key file {name} cannot be read: {error}")),
        })?;
        let key = text.lines().nth(1).and_then(|line| STANDARD_NO_PAD.decode(line.trim()).ok()).filter(|key| key.len() == 32);
        match key {
            Some(key) if text.starts_with(HEADING) => Ok(KeyFile(XChaCha20Poly1305::new(key.as_slice().into()))),
            _ if HEADING.starts_with(text.trim_end()) || text.starts_with(HEADING) => Err(both(
                format!("密钥文件 {name} 不完整：请从备份恢复；若数据库是新建的且没有数据，请删除该文件，再运行 alliance migrate"),
                format!(
                    "the key file {name} is not whole: restore it from its backup, or, where the database is new and holds nothing, \
                     delete the file and run `alliance migrate`"
                ),
            )),
            _ => Err(both(format!("{name} 不是本程序的密钥文件"), format!("{name} is not a key file of this program"))),
        }
    }

    /// Makes a new file, readable by its owner alone; an existing one is never touched.
    pub fn create(path: &Path) -> std::result::Result<KeyFile, String> {
        let failed = |error: std::io::Error| {
            let name = path.display();
            both(
                format!("无法写入密钥文件 {name}：请检查文件夹是否存在、可写，或用 ALLIANCE_KEY_FILE 另选位置"),
                format!("the key file {name} cannot be written, choose another place by ALLIANCE_KEY_FILE: {error}"),
            )
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let key: [u8; 32] = rand::random();
        // Under another name until it is whole and on the disk: half a key file would stand in the way of the next attempt.
        let making = path.with_file_name(format!(".alliance-key-{:016x}", rand::random::<u64>()));
        let made = options
            .open(&making)
            .and_then(|mut file| writeln!(file, "{HEADING}\n{}", STANDARD_NO_PAD.encode(key)).and_then(|()| file.sync_all()))
            .and_then(|()| name(&making, path));
        // It has its name by now, or is of no use.
        let _ = std::fs::remove_file(&making);
        made.map_err(failed)?;
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

/// Gives a file its name, if no other has it, and sees that the folder remembers.
fn name(file: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(file, path) {
        // Some file systems have no links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists && !path.exists() => std::fs::rename(file, path)?,
        linked => linked?,
    }
    #[cfg(unix)]
    std::fs::File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
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
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left behind");
    }

    #[test]
    fn half_a_key_file_is_told_from_another_programs_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alliance.key");
        KeyFile::create(&path).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        let told = |text: &str| {
            std::fs::write(&path, text).unwrap();
            KeyFile::read(&path).err().unwrap()
        };
        for length in [0, 8, HEADING.len(), HEADING.len() + 1, whole.len() - 9] {
            assert!(told(&whole[..length]).contains("is not whole"), "{length}");
        }
        assert!(told("-----BEGIN PRIVATE KEY-----").contains("is not a key file"));
    }
}

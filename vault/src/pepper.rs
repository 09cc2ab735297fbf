//! The pepper: a secret beside the database, without which its digests cannot be tried. Whoever steals the
//! database alone (a backup, a disk) cannot test a guess.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use shared::token::SecretKey;

use crate::database::private_folder;
use crate::error::OpenError;
use crate::random;

/// HMAC-SHA-256 of a secret key.
pub type Digest = [u8; 32];

/// The key of the HMAC, with its first two compressions done.
pub struct Pepper {
    /// Names the pepper in each row, so that a wrong one is noticed.
    pub id: String,
    keyed: Hmac<Sha256>,
}

impl Pepper {
    /// Reads the pepper file, or makes it (mode 0600) where there is none and no key needs one yet.
    pub fn load_or_make(path: &Path, has_keys: bool) -> Result<Self, OpenError> {
        let unusable = |reason: String| OpenError::Pepper {
            path: path.to_owned(),
            reason,
        };
        match File::open(path) {
            Ok(mut file) => {
                let mut text = String::new();
                file.read_to_string(&mut text)
                    .map_err(|error| unusable(error.to_string()))?;
                let bytes = from_hex(text.trim())
                    .ok_or_else(|| unusable("it must hold 64 hexadecimal digits".to_owned()))?;
                Self::new(&bytes).map_err(unusable)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && has_keys => {
                Err(OpenError::PepperMissing {
                    path: path.to_owned(),
                })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let bytes =
                    random::bytes::<32>().map_err(|error| OpenError::Random(error.to_string()))?;
                write_private(path, &random::hex(&bytes))
                    .map_err(|error| unusable(error.to_string()))?;
                Self::new(&bytes).map_err(unusable)
            }
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    fn new(bytes: &[u8; 32]) -> Result<Self, String> {
        let keyed = Hmac::<Sha256>::new_from_slice(bytes).map_err(|error| error.to_string())?;
        let mut name = Sha256::new();
        name.update(b"keyhold pepper id");
        name.update(bytes);
        Ok(Self {
            id: random::hex(&name.finalize()[..4]),
            keyed,
        })
    }

    /// An HMAC-SHA-256 under the pepper, for what is not a secret key.
    pub fn keyed(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }

    /// The digest by which a secret is stored and recognised.
    pub fn digest(&self, secret: &SecretKey<'_>) -> Digest {
        let mut mac = self.keyed.clone();
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Writes a new file that only its owner can read, and makes it durable before any digest depends on it.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        private_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    // The name must be as durable as the content.
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

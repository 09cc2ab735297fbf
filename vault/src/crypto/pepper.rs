//! The pepper: a secret outside the database, without which no guess can be checked against the digests. A stolen
//! database alone (a backup, a disk) is not enough.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use shared::token::{OperatorToken, SecretKey};

use crate::crypto::random;
use crate::error::OpenError;
use crate::files::{beside, folder_of, new_private_file, private_folder, sync_folder};

/// HMAC-SHA-256 of a secret key.
pub type Digest = [u8; 32];

/// The key of the HMAC, with its first two compressions done.
pub struct Pepper {
    /// Names the pepper in each row, so that a wrong one is detected.
    pub id: String,
    keyed: Hmac<Sha256>,
}

/// A pepper with fewer different bytes was not drawn at random: for 32 random bytes, this is all but impossible.
const DIFFERENT_BYTES: usize = 8;

impl Pepper {
    /// Reads the pepper file, if there is one.
    ///
    /// # Errors
    /// Includes a file that others can read, or that was obviously not drawn at random.
    pub fn load(path: &Path) -> Result<Option<Self>, OpenError> {
        let unusable = |reason: String| unusable(path, reason);
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let mode = file
            .metadata()
            .map_err(|error| unusable(error.to_string()))?
            .mode()
            & 0o777;
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|error| unusable(error.to_string()))?;
        if mode & 0o077 != 0 {
            return Err(unusable(format!(
                "users other than its owner can access it (mode {mode:04o}): chmod 600"
            )));
        }
        let bytes = random::from_hex(text.trim())
            .ok_or_else(|| unusable("it must contain 64 hexadecimal digits".to_owned()))?;
        let mut different = bytes;
        different.sort_unstable();
        if different.chunk_by(u8::eq).count() < DIFFERENT_BYTES {
            return Err(unusable(
                "it is not random; the output of `openssl rand -hex 32` is".to_owned(),
            ));
        }
        Self::new(&bytes).map(Some).map_err(unusable)
    }

    /// Draws a new pepper and writes it beside `path`, durable and readable by its owner only. [`NewPepper::keep`] then
    /// puts it in place.
    pub fn draw(path: &Path) -> Result<NewPepper, OpenError> {
        let unusable = |reason: String| unusable(path, reason);
        let bytes = random::bytes::<32>().map_err(|error| OpenError::Random(error.to_string()))?;
        let pepper = Self::new(&bytes).map_err(unusable)?;
        let drawn = beside(path, ".new");
        write_private(&drawn, &random::hex(&bytes)).map_err(|error| unusable(error.to_string()))?;
        Ok(NewPepper {
            path: path.to_owned(),
            drawn: Some(drawn),
            pepper,
        })
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

    /// Returns an HMAC-SHA-256 under the pepper, for data other than secret keys.
    pub fn keyed(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }

    /// Returns the digest by which an operator's token is stored and recognised.
    pub fn digest_of_token(&self, token: &OperatorToken<'_>) -> Digest {
        let mut mac = self.keyed.clone();
        mac.update(token.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Returns 256 bits that follow from `nonce`, and that nothing but the pepper tells: for a secret that must be the same
    /// again without being stored. `purpose` keeps the secrets of different uses apart.
    pub fn derive(&self, purpose: &str, nonce: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(b"keyhold derived ");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(nonce);
        mac.finalize().into_bytes().into()
    }

    /// Returns the digest by which a secret is stored and recognised.
    pub fn digest(&self, secret: &SecretKey<'_>) -> Digest {
        let mut mac = self.keyed.clone();
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A pepper that is not in place yet. It is removed unless it is kept.
pub struct NewPepper {
    path: PathBuf,
    drawn: Option<PathBuf>,
    pepper: Pepper,
}

impl NewPepper {
    /// Puts the pepper in place, whole or not at all.
    pub fn keep(mut self) -> Result<Pepper, OpenError> {
        if let Some(drawn) = self.drawn.take() {
            std::fs::rename(&drawn, &self.path)
                .and_then(|()| sync_folder(&self.path))
                .map_err(|error| unusable(&self.path, error.to_string()))?;
        }
        Ok(Pepper {
            id: self.pepper.id.clone(),
            keyed: self.pepper.keyed(),
        })
    }
}

impl Drop for NewPepper {
    fn drop(&mut self) {
        if let Some(drawn) = self.drawn.take() {
            let _ = std::fs::remove_file(drawn);
        }
    }
}

fn unusable(path: &Path, reason: String) -> OpenError {
    OpenError::Pepper {
        path: path.to_owned(),
        reason,
    }
}

/// Writes a file that only its owner can read, replacing what an interrupted start may have left, and makes its content
/// durable.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    private_folder(folder_of(path))?;
    let _ = std::fs::remove_file(path);
    let mut file = new_private_file(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

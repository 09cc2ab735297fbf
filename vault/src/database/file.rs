//! The database as a file: the one name that it has, who may read it, and the lock that keeps a second server off.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::error::OpenError;

/// What a path keeps in an address.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The file of a `sqlite:` address, by the one name that every spelling of it comes down to: the lock must
/// mean the file, not its spelling. The folder is made if it is missing.
pub fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .ok_or(OpenError::Address(
            "only SQLite is supported, as sqlite://PATH",
        ))?;
    if rest.contains(['?', '#']) {
        return Err(OpenError::Address(
            "parameters are not supported, only sqlite://PATH",
        ));
    }
    let path = percent_decode_str(rest)
        .decode_utf8()
        .map_err(|_| OpenError::Address("the path is not UTF-8"))?;
    let path = Path::new(path.as_ref());
    let name = path
        .file_name()
        .filter(|name| *name != ":memory:")
        .ok_or(OpenError::Address(
            "give the path of a file, as sqlite://PATH",
        ))?;
    if let Ok(existing) = path.canonicalize() {
        return Ok(existing);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    private_folder(folder)
        .and_then(|()| folder.canonicalize())
        .map(|folder| folder.join(name))
        .map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// The address that sqlx reads: an absolute path, percent-encoded.
pub fn address(path: &Path, parameters: &str) -> String {
    format!(
        "sqlite://{}?{parameters}",
        percent_encode(path.as_os_str().as_encoded_bytes(), PATH)
    )
}

/// Makes a folder that only its owner can enter, as far as it is not there.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a file that only its owner can read, or opens it if it is there.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The advisory lock on `<database>.lock`. The file stays behind when a server has run; only the lock counts.
pub struct Lock {
    file: File,
    /// Made by a start that has not succeeded yet, and so to be taken away again.
    made: Option<PathBuf>,
}

impl Lock {
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let sidecar = PathBuf::from(name);
        let failed = |source| OpenError::Lock {
            path: sidecar.clone(),
            source,
        };
        let made = (!sidecar.exists()).then(|| sidecar.clone());
        let file = private_file(&sidecar).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, made }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub fn keep(&mut self) {
        self.made = None;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = self.made.take() {
            let _ = std::fs::remove_file(path);
        }
        let _ = self.file.unlock();
    }
}

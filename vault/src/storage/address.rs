//! The database address, and the canonical path of its file.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::error::OpenError;
use crate::files::{folder_of, private_folder};

/// The characters that a path keeps in an address.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns the file of a `sqlite:` address, by the one path that all its spellings share: the lock must apply to the
/// file, not to a spelling. Creates nothing.
pub fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .ok_or(OpenError::Address(
            "give sqlite://PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
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
    if path.is_symlink() {
        return Err(OpenError::Dangling {
            path: path.to_owned(),
        });
    }
    let folder = folder_of(path);
    folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))
        .map(|folder| folder.join(name))
        .map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// Creates the folder of a database where needed, and returns the database's canonical path.
pub fn with_folder(path: &Path) -> Result<PathBuf, OpenError> {
    let folder = folder_of(path);
    let name = path.file_name().unwrap_or_default();
    private_folder(folder)
        .and_then(|()| folder.canonicalize())
        .map(|folder| folder.join(name))
        .map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// Returns the address for sqlx: an absolute path, percent-encoded.
pub fn address(path: &Path, parameters: &str) -> String {
    format!(
        "sqlite://{}?{parameters}",
        percent_encode(path.as_os_str().as_encoded_bytes(), PATH)
    )
}

//! The database as a file: the one name that it has, and who may read it.

use std::fs::File;
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
/// mean the file, not its spelling. Nothing is made.
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

/// Makes the folder of a database that is still to be made, and returns the one name of that database.
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

/// The folder that holds a file.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The file beside `path` whose name has `ending` after it.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The first name beside `path`, `ending` and where need be a number after it, that no file has.
pub fn unused(path: &Path, ending: &str) -> PathBuf {
    let mut unused = beside(path, ending);
    for number in 2.. {
        if unused.symlink_metadata().is_err() {
            break;
        }
        unused = beside(path, &format!("{ending}-{number}"));
    }
    unused
}

/// Makes the names in a file's folder durable.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(folder_of(path))?.sync_all()
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

/// Makes a file that only its owner can read, where there is none of its name.
pub fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

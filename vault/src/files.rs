//! Files that only their owner can read, and the names of files beside others.

use std::fs::File;
use std::path::{Path, PathBuf};

/// Returns the folder that holds a file.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Returns the path beside `path` whose name has `ending` appended.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the first unused name beside `path`, with `ending` and, if needed, a number appended.
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

/// Creates a folder that only its owner can enter, unless it exists.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates a file that only its owner can read, or opens it if it exists.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file that only its owner can read; fails if the name is taken.
pub fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

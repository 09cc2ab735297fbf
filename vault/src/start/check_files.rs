//! The checks of a start that need no database, for an operator who looks at the settings.

use std::path::Path;

use crate::crypto::pepper::Pepper;
use crate::error::OpenError;
use crate::storage;

/// Checks the address of the database and the pepper file. Connects to nothing, and writes nothing.
///
/// # Errors
/// The obstacle, without a password.
pub fn check_files(database_url: &str, pepper_file: &Path) -> Result<(), OpenError> {
    storage::name(database_url)?;
    let pepper = Pepper::load(pepper_file)?;
    match storage::missing(database_url)? {
        Some(path) if pepper.is_some() => Err(OpenError::DatabaseMissing {
            path,
            pepper: pepper_file.to_owned(),
        }),
        _ => Ok(()),
    }
}

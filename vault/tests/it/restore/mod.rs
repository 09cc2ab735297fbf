//! Restores of backups.

mod chains;
mod clock;
mod exchange;
pub mod revocation;

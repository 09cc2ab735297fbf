//! Restores of backups, into the engine that they came from unless a test says otherwise.

mod chains;
mod clock;
mod company;
mod postgres;
pub mod revocation;
mod sqlite;

//! The database file: its changes, faults, backups and migrations.

pub mod backups;
mod concurrency;
mod file_watch;
mod migrations;
mod tables;
mod write_faults;

//! The database: its changes, faults, backups and migrations.

pub mod backups;
mod concurrency;
mod file_watch;
mod migrations;
mod postgres;
mod tables;
mod write_faults;

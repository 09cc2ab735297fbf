pub mod backups;
mod concurrency;
mod file_watch;
mod migrations;
mod write_faults;

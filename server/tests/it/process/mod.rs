//! The running process through kills, faults and restarts.

mod admin_listen;
#[cfg(target_os = "linux")]
mod conformance;
#[cfg(target_os = "linux")]
mod core_dump;
mod database_file;
mod kill;
mod mail;
mod migration;
mod once;
mod portal;
#[cfg(target_os = "linux")]
mod usage;
#[cfg(target_os = "linux")]
mod write_faults;

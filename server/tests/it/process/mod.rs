//! The running process through kills, faults and restarts.

mod files;
mod mail;
#[cfg(target_os = "linux")]
mod usage;
#[cfg(target_os = "linux")]
pub mod write_faults;

//! The application as it is served, driven in-process: no socket, a temporary SQLite file, a clock that the test moves.
//! Tests about the process itself, or about mail that leaves it, run the binary and a mail server.

#![expect(
    clippy::disallowed_methods,
    reason = "tests measure, and run tasks beside each other"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod backups;
mod calendar;
mod carriers;
mod change_address;
mod claim;
mod clock;
mod closed;
mod crossing;
mod delivery;
mod devices;
mod edge;
mod fast_path;
mod files;
mod fixture;
mod forms;
#[cfg(target_os = "linux")]
mod gateways;
mod hostile;
mod input;
#[cfg(target_os = "linux")]
mod installed;
mod limits;
mod log;
mod mail;
mod mail_crash;
mod markup;
mod pages;
mod process;
#[cfg(target_os = "linux")]
mod raw_http;
mod running;
mod settings;
mod smtp_talk;
#[cfg(target_os = "linux")]
mod stops;
#[cfg(target_os = "linux")]
mod usage;
mod verify;
#[cfg(target_os = "linux")]
mod write_faults;

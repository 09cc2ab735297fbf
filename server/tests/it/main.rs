//! The tests of the server, in the rooms of `server/src`. Most drive the application in-process: no socket, a temporary
//! SQLite file or a PostgreSQL database, a clock that the test moves. Tests about the process itself run the binary.

#![expect(
    clippy::disallowed_methods,
    reason = "tests measure, and run tasks beside each other"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod cli;
mod config;
mod fast_path;
mod fixture;
#[cfg(target_os = "linux")]
mod gateways;
mod http;
mod log;
mod mail;
mod process;
mod routes;
mod serve;
mod start;
mod state;

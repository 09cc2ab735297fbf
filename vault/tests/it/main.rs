//! The vault as the server uses it: a real database, on SQLite or PostgreSQL, and a clock that the test moves.
//!
//! Tests of what only SQLite has are in modules of their own, which the Makefile lists (`SQLITE_ONLY`).

#![expect(
    clippy::disallowed_methods,
    reason = "tests measure, and run tasks beside each other"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod accounts;
mod cluster;
mod copy;
mod keys;
mod limits;
mod mail;
mod mailer;
mod notices;
mod operators;
mod recovery;
mod restore;
mod start;
mod storage;
mod text;
mod time;
mod upkeep;
mod usage;
mod verify;

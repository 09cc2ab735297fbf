//! The router as it is served, driven in-process: no socket, a temporary SQLite file, a clock that the test
//! moves.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod carriers;
mod closed;
mod crossing;
mod fixture;
mod forms;
mod hostile;
mod input;
mod pages;
mod process;
mod verify;

//! Recorded calls.

mod days;
mod faults;
pub mod flush;
mod read;

//! Recorded calls.

mod faults;
pub mod flush;
mod read;

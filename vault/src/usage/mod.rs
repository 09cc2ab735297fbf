//! Usage of keys: writes the calls counted in memory ([`crate::state::usage_counts`]) to tables of their own, and reads
//! them for the pages and the mails. Nothing in here can alter a key.

mod days;
mod flush;
mod ranges;
mod read;
mod sparklines;
mod write;

pub use flush::Flusher;
pub(crate) use read::{FAILING, FailingRow, first_hour, still};
pub(crate) use write::Rows;

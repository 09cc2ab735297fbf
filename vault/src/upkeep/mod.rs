//! Tasks that run for as long as the vault is open: the watch over the clock and the database file, the bound on the
//! write-ahead log, and the removal of old records.

pub mod clock_watch;
pub mod database;
pub mod pruning;

//! The start and the end of the vault: opening the files, raising the clock to its floor, and loading every key.

pub mod accept_clock;
pub mod check_files;
pub mod clock_floor;
mod close;
pub mod examine;
mod key_prefix;
mod load_directory;
pub mod nodes;
pub mod open;

//! The start and the end of the vault: the files are opened, the clock is raised to its floor, and every key is loaded.

pub mod accept_clock;
pub mod clock_floor;
mod close;
mod load_directory;
pub mod open;
mod refold;

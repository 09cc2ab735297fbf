//! Starts: the first one, later ones, and the clock that they take over.

pub mod clock;
mod first_start;
mod key_prefix;
mod open;
mod postgres;
mod sqlite;

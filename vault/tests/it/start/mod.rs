pub mod clock;
mod first_start;
mod open;

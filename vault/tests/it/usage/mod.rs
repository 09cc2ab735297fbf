mod faults;
pub mod flush;
mod read;

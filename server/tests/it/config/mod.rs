//! The settings of an operator, as the binary reads them.

mod file;
mod mail;
mod sample;
mod values;

//! The settings of an operator, as the binary reads them.

mod echoes;
mod file;
mod mail;
mod pictures;
mod sample;
mod values;

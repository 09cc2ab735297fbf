//! The settings of an operator, as the binary reads them.

mod mail;
mod values;

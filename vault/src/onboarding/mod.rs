//! New accounts with their first key.

pub mod demo;

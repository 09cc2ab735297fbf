//! New accounts with their first key.

pub mod demo;
pub mod sign_up;

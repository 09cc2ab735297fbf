//! New accounts with their first key: sign-up, and the demonstration.

pub mod demo;
pub mod sign_up;

//! New accounts with their first key: sign-up, and the demonstration data.

pub mod demo;
pub mod sign_up;

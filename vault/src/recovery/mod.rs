//! Recovery of accounts: password-reset requests, the reset itself, and the claim that comes with the first one.

pub mod claim;
pub mod password_reset;
pub mod reset_requests;

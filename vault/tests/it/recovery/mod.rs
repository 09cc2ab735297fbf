//! The first reset of an account's password.

mod claim;

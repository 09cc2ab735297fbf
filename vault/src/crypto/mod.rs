//! Secrets and everything computed from them: the pepper, password hashes, signed tokens and the randomness of the
//! system.

pub mod passwords;
pub mod pepper;
pub mod random;
pub mod signed_token;

//! The server functions: fixed paths under `/fn`, form-encoded POST in, JSON out. Each is an address and a
//! few lines that call the vault.
//!
//! Arguments are plain strings with defaults, so that a missing one reaches the validator and is answered
//! with a message at its field rather than with a decoding error.

pub mod account;
mod bulk;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod cookies;
pub mod keys;
pub mod links;
pub mod notices;
pub mod overview;
#[cfg(feature = "ssr")]
pub mod registry;

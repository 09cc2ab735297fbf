//! Errors of the vault, as its callers see them.

mod conflict;
mod limit;
mod open;
mod operation;
mod refusal;

pub use conflict::Conflict;
pub use limit::Limit;
pub use open::OpenError;
pub use operation::{Error, Result};
pub use refusal::Refusal;

//! One file a page: what it fetches, and what it makes of it.

pub mod account;
pub mod api_control;
pub mod dashboard;
pub mod developers;
pub mod key;
#[cfg(feature = "ssr")]
pub mod link;
pub mod new_key;
pub mod not_found;
pub mod notices;
pub mod sign_in;
pub mod sign_up;

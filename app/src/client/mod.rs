//! The browser's side: the takeover of the page, the calls to the server, and what only a browser can do.

pub mod boot;
pub mod browser;
pub mod call;
#[cfg(not(feature = "ssr"))]
pub mod json;
pub mod secret_json;
pub mod shape;
pub mod timers;

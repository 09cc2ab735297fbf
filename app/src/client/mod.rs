//! The client side: the takeover of the page, calls to the server functions, and the features of a browser.

pub mod boot;
pub mod browser;
pub mod call;
#[cfg(not(feature = "ssr"))]
pub mod json;
pub mod secret_json;
pub mod shape;
pub mod timers;

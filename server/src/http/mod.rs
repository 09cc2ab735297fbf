//! The middleware in front of the routes, and the readers of headers that the routes share.

pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod fn_error;
pub mod host;
pub mod request_log;
pub mod security_headers;
pub mod session;
pub mod trailing_slash;

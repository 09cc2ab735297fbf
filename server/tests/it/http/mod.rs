//! The middleware, through which every request passes.

mod csrf;
mod device_cookie;
mod fn_error;
mod header_values;
mod host;
mod request_log;
mod security_headers;
mod session;
mod trailing_slash;

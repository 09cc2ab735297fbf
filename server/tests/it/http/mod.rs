//! The middleware, through which every request passes.

mod csrf;
mod device_cookie;
mod fn_error;
mod headers;

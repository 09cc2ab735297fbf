//! The `keyhold` binary: configuration, router, middleware, the verification endpoints, the REST API, start
//! and graceful stop. Data comes in here, passes a handler or a server function, and reaches the vault.
//!
//! [`serve::service::HttpService`] is the entry point for `start` and the tests.

pub mod cli;
pub mod config;
mod fast_path;
mod http;
pub mod log;
pub mod net;
mod routes;
pub mod serve;
pub mod start;
pub mod state;

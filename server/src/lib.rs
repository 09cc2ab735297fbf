//! The `keyhold` binary: configuration, router, middleware, the verification endpoints, the REST API, start
//! and graceful stop. Data comes in here, passes a handler or a server function, and reaches the vault.
//!
//! [`front::Front`] is what both `main` and the tests call.

mod address;
mod api;
pub mod backup;
mod calendar;
pub mod clock_accept;
mod command_line;
pub mod config;
mod fast_path;
mod files;
pub mod front;
mod functions;
mod headers;
mod host;
mod limit_settings;
pub mod listen;
pub mod log;
mod mail_settings;
pub mod mail_test;
mod metrics;
mod origin;
mod pages;
mod place;
pub mod router;
mod session;
mod signals;
mod slash;
pub mod start;
mod starting;
pub mod state;
mod trace;
mod unsubscribe;
mod verify;
mod verify_runtime;

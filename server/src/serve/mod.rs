//! The serving of connections: the accept loop, each connection from its first request to its end, and the service
//! that hyper calls.

pub mod accept;
mod connection;
#[cfg(any(test, fuzzing))]
pub mod like_hyper;
mod request;
pub mod service;
mod starting;
pub mod verify_runtime;

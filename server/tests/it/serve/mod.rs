//! Connections to the server, from the first byte to the last.

mod accept;
#[cfg(target_os = "linux")]
mod connection;
mod request;
mod starting;
mod verify_runtime;

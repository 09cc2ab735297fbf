//! Connections to the server, from the first byte to the last.

mod request;
mod verify_runtime;

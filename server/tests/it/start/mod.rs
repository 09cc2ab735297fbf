//! The stop of the server.

#[cfg(target_os = "linux")]
mod stop;

//! The stop of the server.

mod signals;
#[cfg(target_os = "linux")]
mod sqlite;
mod stop;

//! TCP: the listening sockets, the permit that each connection holds, and its stream of bytes; the client of the commands.

pub mod client;
pub mod listener;
pub mod permits;
pub mod stream;

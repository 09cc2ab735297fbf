//! TCP: the listening sockets, the permit that each connection holds, and its stream of bytes.

pub mod listener;
pub mod permits;
pub mod stream;

//! TCP connections: the permit that each holds, and its stream of bytes.

pub mod permits;
pub mod stream;

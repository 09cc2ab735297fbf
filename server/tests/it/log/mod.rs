//! The log of the running binary.

mod stderr;

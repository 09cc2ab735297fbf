//! Readers of a server behind a proxy that can fall silent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod postgres;

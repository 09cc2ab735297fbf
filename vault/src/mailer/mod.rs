//! The worker that sends what waits in the outbox: it sweeps, leases, renders and delivers.

pub mod delivery;
pub mod render;
pub mod worker;

//! The mail worker: it sweeps, leases mails from the outbox, renders them and delivers them.

pub mod delivery;
pub mod render;
pub mod worker;

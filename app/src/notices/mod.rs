//! Notices on the pages: the delivery log.

pub mod delivery_log;

//! Notices: which recipients are notified of which expirations and when, and the calendar feed with the same dates.

pub mod calendar;
pub mod delivery_log;
pub mod reports;
pub mod settings;
pub mod sweep;
pub mod wishes;

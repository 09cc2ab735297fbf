//! In-memory state that decisions read and update, and the readiness that the health checks report.

pub mod decision_metrics;
pub mod directory;
mod json;
pub mod readiness;
pub mod request_ids;
pub mod reset_requests;
pub mod running;
pub mod sharded;
pub mod token_uses;
pub mod usage_counts;

//! Verification: from the headers of an HTTP request to a good key or a rejection. `/verify`, `/v1` and other axum
//! services ([`Vault::guard`](crate::Vault::guard)) get the same verdict.
//!
//! It depends on the types of HTTP, such as headers and statuses, but not on a server.

pub mod credential;
mod decision;
mod headers;
mod identity;
mod keys;
mod layer;
mod rejection;
mod request_id;

pub use headers::{HeaderSink, Headers};
pub use identity::{Held, Verified};
pub use keys::Keys;
pub use layer::{Guard, GuardLayer};
pub use rejection::{PROBLEM_MEANT, Rejection, STATUS_MEANT};
pub use request_id::{RequestId, X_REQUEST_ID};

pub use crate::state::decision_metrics::Decisions;

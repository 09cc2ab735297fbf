//! Support for tests and benches of the workspace, behind the feature `test-support`: nothing of it is in the product.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod mail;
pub mod peer;

use std::time::Duration;

pub use mail::Mail;

/// How long a test waits for anything. It takes milliseconds; the limit is for a machine that is very busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

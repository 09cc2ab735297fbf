//! Support for the tests and benches of the workspace, behind the feature `test-support`. The product contains none of
//! it.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod fixture;
mod folder;
mod mail;
pub mod peer;
mod proxy;
mod sign_in_again;

use std::time::Duration;

#[cfg(test)]
pub use fixture::execute;
pub use fixture::{
    Fixture, HeldReader, INVALID, Member, at, carrier, creation, edit, expire, from,
    hold_all_readers, hold_reader, messages, newcomer, options, restoration, restore, verify,
};
pub use folder::{DatabaseAddress, Folder};
pub use mail::{Mail, Mailbox};
pub use proxy::Proxy;

/// Mon 23 Nov 2026, 12:00 UTC, where the clock of a fixture begins, in epoch milliseconds.
pub const NOON: i64 = 1_795_435_200_000;
pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = shared::HOUR_MS;
pub const DAY: i64 = shared::DAY_MS;

/// The password of a fixture's accounts.
pub const PASSWORD: &str = "a calm lake at dawn";

/// The longest time that a test waits for an event. Events take milliseconds; the limit is for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

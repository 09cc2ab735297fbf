//! Keyhold's vocabulary: what a key is, when it is good, how its credentials look, which input is
//! valid, and the shapes that travel between server and browser.
//!
//! Nothing here does I/O, reads a clock or draws random numbers: the instant (`now`, UTC epoch
//! milliseconds) and the entropy are arguments. That is why the same code runs in the browser, in the
//! server functions, in the REST API and on the command line, and why all of it is tested without a
//! fixture.

pub mod capability;
pub mod dates;
pub mod expiry;
pub mod list;
pub mod loopback;
pub mod mail;
pub mod moment;
pub mod notice;
pub mod pasted;
pub mod prefix;
pub mod problem;
pub mod redirect;
pub mod relative;
pub mod sign_in_url;
pub mod status;
pub mod theme;
pub mod token;
pub mod usage;
pub mod validation;
pub mod version;
pub mod view;

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60 * 1000;

/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

#[cfg(test)]
#[path = "../tests/it/seeded.rs"]
mod seeded;

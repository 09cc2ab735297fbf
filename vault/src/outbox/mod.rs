//! The outbox: mails that are to be sent, written in the transaction that gave the reason for them.
//!
//! A mail's way: put → leased → checked against what is true by now → sent → settled. The lease keeps a second
//! sender off it, and ends by itself if the first one dies. The id is the Message-ID for ever, so whatever
//! happens between the mail server's yes and our writing it down, a second copy can be told as one.

pub mod backoff;
mod queue;
mod turn;

#[cfg(test)]
pub use queue::LEASE_MS;
pub use queue::{
    AT_ONCE, DROPPED, Leased, LeftOut, MailTo, SUPERSEDED, Wait, drop_mail, kind, kind_slug,
    notice, put, return_leases, revive, settle, state, take_back_leases,
};
pub use turn::{Turn, Wanted, lease, next_try};

//! The outbox: mails to be sent, written in the transaction that causes them.
//!
//! A mail is enqueued → leased → checked against what is true by now → sent → settled. The lease keeps a second sender
//! off it, and expires if the first one dies. The id is the Message-ID of every attempt, so if Keyhold stops before it
//! stores the mail server's acceptance, a second copy can be recognized.

pub mod backoff;
mod lease;
pub mod ledger;
mod queue;
mod turn;

#[cfg(test)]
pub use lease::LEASE_MS;
pub use lease::{
    EXTEND_EVERY, duration as lease_duration, extend, keep, return_leases, take_back_leases,
};
pub use ledger::{DROPPED, LeftOut, MailTo, SUPERSEDED, prune};
pub use queue::{
    AT_ONCE, LeaseId, Leased, NewMail, Wait, drop_mail, enqueue, enqueue_at, kind, kind_slug,
    notice, postpone, revive, sent_before, settle, state, withdraw,
};
pub use turn::{Turn, Wanted, lease, next_try};

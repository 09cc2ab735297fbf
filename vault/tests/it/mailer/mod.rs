//! The delivery of mails from the outbox.

mod delivery;

//! Mails to a mail server that misbehaves.

pub mod delivery;
mod smtp;

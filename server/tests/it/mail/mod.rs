//! Mails to a mail server that misbehaves.

mod delivery;
mod injection;
mod smtp;

//! The commands that run beside the server or before it: each does one thing, answers in a sentence, and ends.

pub mod backup;
pub mod clock_accept;
pub mod mail_test;

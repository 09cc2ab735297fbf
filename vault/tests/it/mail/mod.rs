//! The composition of mails.

pub mod compose;
mod subjects;

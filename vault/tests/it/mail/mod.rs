//! The composition of mails.

pub mod compose;
mod markup;
mod subjects;

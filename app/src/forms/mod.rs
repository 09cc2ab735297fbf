//! Forms: their fields, their sending, and their replay where there is no JavaScript.

pub mod expiration;
pub mod field;
pub mod form;
pub mod form_replay;

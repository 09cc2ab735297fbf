//! Forms: their fields, their submission, and their replay without JavaScript.

pub mod expiry_select;
pub mod field;
pub mod form;
pub mod form_replay;

//! Keys on the pages: what is done with them in place, how they are called, and when they expire.

pub mod calls;
pub mod extend;
pub mod issued;
pub mod key_actions;
pub mod time_line;

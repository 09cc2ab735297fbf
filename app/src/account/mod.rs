//! The account on the pages: its address, and notes to its owner.

pub mod account_notes;
pub mod address;

//! The account on the pages: its address, and what it needs to know.

pub mod account_notes;
pub mod address;

//! The account on the pages: its address.

pub mod address;

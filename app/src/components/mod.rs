//! The parts that pages are made of. Each takes data, and leaves fetching to the page.

pub mod account_notes;
pub mod address;
pub mod answer;
pub mod boot;
pub mod browser;
pub mod calls;
pub mod clock;
pub mod copy;
pub mod delivery_log;
pub mod expiration;
pub mod extend;
pub mod feedback;
pub mod field;
pub mod form;
pub mod frame;
pub mod head;
pub mod icon;
pub mod issued;
pub mod key_actions;
pub mod live;
pub mod moment;
pub mod status;
pub mod theme;
pub mod time_line;

//! The parts that all pages share: layout, head, live region, pictures and texts that change. Each takes data, and
//! leaves fetching to the page.

pub mod answer;
pub mod clock;
pub mod copy;
pub mod done_note;
pub mod head;
pub mod hydrated;
pub mod icon;
pub mod layout;
mod menus;
pub mod moment;
mod offline;
pub mod reactive;
pub mod settling;
pub mod status;
pub mod theme_switch;
pub mod toasts;

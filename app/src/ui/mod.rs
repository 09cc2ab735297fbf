//! The parts that all pages share: layout, head, live region, pictures and texts that change. Each takes data, and
//! leaves fetching to the page.

pub mod answer;
pub mod copy;
pub mod head;
pub mod icon;
pub mod layout;
pub mod moment;
pub mod reactive;
pub mod status;
pub mod theme_switch;
pub mod toasts;

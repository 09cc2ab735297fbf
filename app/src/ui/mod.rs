//! The components that all pages share: layout, head, live region, icons, and parts that change. Each takes data, and
//! leaves fetching to the page.

pub mod answer;
pub mod clock;
pub mod copy;
pub mod done_note;
pub mod head;
pub mod hydrated;
pub mod icon;
pub mod layout;
pub mod menus;
pub mod moment;
mod offline;
pub mod reactive;
mod returning;
pub mod served;
pub mod settling;
pub mod standing;
pub mod status;
pub mod theme_switch;
pub mod toasts;
pub mod waiting;

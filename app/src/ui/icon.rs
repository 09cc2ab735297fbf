//! Icons, drawn inline. Each stands beside a word, and so is hidden from screen readers.

use leptos::prelude::*;

/// One icon: a path in a field of 24 by 24.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Icon(&'static str);

impl Icon {
    pub const CHECK: Self = Self("M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0ZM8 12.2l2.8 2.8 5.2-5.8");
    pub const CLOCK: Self = Self("M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0ZM12 7v5l3.2 2");
    pub const STOP: Self = Self("M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3ZM9 9l6 6M15 9l-6 6");
    pub const COPY: Self = Self("M9 9h11v12H9ZM15 9V3H4v12h5");
    pub const DONE: Self = Self("M5 12.5l4.5 4.5L19 7");
    pub const PLUS: Self = Self("M12 5v14M5 12h14");
    pub const MORE: Self = Self("M5 11.9v.2M12 11.9v.2M19 11.9v.2");
    pub const MENU: Self = Self("M4 7h16M4 12h16M4 17h16");
    pub const WARNING: Self = Self("M12 4 2.8 20h18.4ZM12 10v4.5M12 17.4v.1");
    pub const KEY: Self =
        Self("M15.5 3a5.5 5.5 0 1 1-4.6 8.5L4 18.4V21h3v-2h2v-2h2l1.6-1.6M16.5 7.4v.2");
    pub const SEARCH: Self =
        Self("M17 10.5a6.5 6.5 0 1 1-13 0a6.5 6.5 0 0 1 13 0ZM15.4 15.4 20.5 20.5");
    pub const BACK: Self = Self("M18 12H6M11.5 6.5 6 12l5.5 5.5");
    pub const UP: Self = Self("M12 18V6M6.5 11.5 12 6l5.5 5.5");
    pub const DOWN: Self = Self("M12 6v12M6.5 12.5 12 18l5.5-5.5");
    pub const CHEVRON: Self = Self("M6.5 9.5 12 15l5.5-5.5");
    pub const DOWNLOAD: Self = Self("M12 4v11M7 10.5l5 5 5-5M4 20h16");
    pub const HOME: Self = Self("M4 4h7v9H4ZM13 4h7v5h-7ZM13 11h7v9h-7ZM4 15h7v5H4Z");
    pub const PERSON: Self =
        Self("M16 8a4 4 0 1 1-8 0a4 4 0 0 1 8 0ZM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6");
    pub const MAIL: Self = Self("M3 6h18v12H3ZM3.5 6.5 12 13l8.5-6.5");
    pub const CODE: Self = Self("M8.5 7.5 4 12l4.5 4.5M15.5 7.5 20 12l-4.5 4.5M13.5 5l-3 14");
    pub const FILTER: Self = Self("M4 6.5h16M7 12h10M10 17.5h4");
    pub const VIEW: Self = Self("M4 5h16v14H4ZM10 5v14M15 5v14");
    pub const SCREEN: Self = Self("M4 5h16v11H4ZM2.5 19.5h19");
    pub const PHONE: Self = Self("M7.5 3h9v18h-9ZM11 17.9h2");
    pub const CLOSE: Self = Self("M6 6l12 12M18 6 6 18");

    pub fn draw(self) -> AnyView {
        view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                <path d=self.0></path>
            </svg>
        }
        .into_any()
    }
}

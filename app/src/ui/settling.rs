//! The moment after a part of the page has changed, in which a press does nothing.

use leptos::prelude::*;

use super::reactive::{Flag, flag};
use crate::client::timers::Delay;

/// How long a part of the page settles, in milliseconds: the second press of a double click, or of a doubled Enter,
/// falls within that.
const SETTLING_MS: u32 = 500;

/// The state of a part of the page that may have just changed its position or meaning. A press in that time was meant
/// for the previous content, and does nothing.
#[derive(Clone, Copy)]
pub struct Settling {
    held: RwSignal<bool>,
    /// Presses before this instant, by the clock of events, do nothing. The time of the press counts, not of its
    /// delivery, which is later in a busy browser.
    until: StoredValue<f64>,
    delay: Delay,
}

impl Settling {
    /// For a part that has its position from the beginning.
    #[expect(
        clippy::new_without_default,
        reason = "it belongs to the part of the page that makes it"
    )]
    pub fn new() -> Self {
        Self {
            held: RwSignal::new(false),
            until: StoredValue::new(0.0),
            delay: Delay::new(),
        }
    }

    /// For a part that has just entered the page.
    pub fn begun() -> Self {
        let settling = Self::new();
        settling.begin();
        settling
    }

    pub fn begin(self) {
        let Self { held, until, delay } = self;
        let _ = held.try_set(true);
        let _ = until.try_set_value(f64::INFINITY);
        // Counted from the first visible frame: rendering takes time too.
        request_animation_frame(move || {
            let now = web_sys::Event::new("now").map_or(0.0, |event| event.time_stamp());
            let _ = until.try_set_value(now + f64::from(SETTLING_MS));
            delay.start(SETTLING_MS, move || {
                let _ = held.try_set(false);
            });
        });
    }

    /// Returns whether it settles.
    pub fn is_held(self) -> bool {
        self.held.try_get().unwrap_or(false)
    }

    /// Returns whether a press was meant for the previous content.
    pub fn is_early(self, press: &web_sys::Event) -> bool {
        press.time_stamp() < self.until.try_get_value().unwrap_or(0.0)
    }

    /// The value of `aria-disabled`.
    pub fn flag(self) -> Flag {
        flag(move || self.is_held())
    }
}

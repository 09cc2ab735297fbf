//! The present, as the pages know it.

use leptos::prelude::*;

use crate::ui::reactive::{Flag, flag};

/// The server's `now` of an answer, which goes on ticking each second once the page is alive. Until then
/// it stands still, so that both renderings say the same.
///
/// It counts by the distance on the browser's clock and never by that clock's reading: a browser that is
/// an hour off still shows the right time left.
pub fn ticking(now: i64) -> Signal<i64> {
    let clock = RwSignal::new(now);
    #[cfg(feature = "hydrate")]
    crate::ui::reactive::effect(move || {
        let started = js_sys::Date::now();
        let interval = StoredValue::new_local(Some(gloo_timers::callback::Interval::new(
            1000,
            move || {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "milliseconds since the page was opened"
                )]
                let elapsed = (js_sys::Date::now() - started).max(0.0) as i64;
                clock.set(now + elapsed);
            },
        )));
        on_cleanup(move || interval.set_value(None));
    });
    clock.into()
}

/// Something put off for a while. There is one of it at a time: starting it again puts it off anew, and it
/// does not happen if the part of the page that holds it goes away. On the server there are no events, and
/// so nothing is ever put off.
#[derive(Clone, Copy)]
pub struct Delay {
    #[cfg(feature = "hydrate")]
    timeout: StoredValue<Option<gloo_timers::callback::Timeout>, LocalStorage>,
}

impl Delay {
    #[expect(
        clippy::new_without_default,
        reason = "it belongs to the part of the page that makes it"
    )]
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "hydrate")]
            timeout: StoredValue::new_local(None),
        }
    }

    pub fn start(self, milliseconds: u32, then: impl FnOnce() + 'static) {
        #[cfg(feature = "hydrate")]
        self.timeout
            .try_set_value(Some(gloo_timers::callback::Timeout::new(
                milliseconds,
                then,
            )));
        #[cfg(not(feature = "hydrate"))]
        let _ = (milliseconds, then);
    }

    pub fn stop(self) {
        #[cfg(feature = "hydrate")]
        self.timeout.try_set_value(None);
    }
}

/// How long a part of the page settles, in milliseconds: the second press of a double click, or of Enter twice, comes
/// within that.
const SETTLING_MS: u32 = 500;

/// Whether a part of the page has just changed its place or meaning. A press in that time was meant for what stood there
/// before, and does nothing.
#[derive(Clone, Copy)]
pub struct Settling {
    held: RwSignal<bool>,
    /// Presses before this instant, by the clock of events, do nothing. A press counts from when it was made: a browser
    /// that is busy delivers it later.
    until: StoredValue<f64>,
    delay: Delay,
}

impl Settling {
    /// Of a part that stands where it was from the beginning.
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

    /// Of a part that has just entered the page.
    pub fn begun() -> Self {
        let settling = Self::new();
        settling.begin();
        settling
    }

    pub fn begin(self) {
        let Self { held, until, delay } = self;
        let _ = held.try_set(true);
        let _ = until.try_set_value(f64::INFINITY);
        // Counted from when it can be seen: rendering takes its time too.
        request_animation_frame(move || {
            let now = web_sys::Event::new("now").map_or(0.0, |event| event.time_stamp());
            let _ = until.try_set_value(now + f64::from(SETTLING_MS));
            delay.start(SETTLING_MS, move || {
                let _ = held.try_set(false);
            });
        });
    }

    /// Whether a press was meant for what stood there before.
    pub fn is_early(self, press: &leptos::ev::MouseEvent) -> bool {
        press.time_stamp() < self.until.try_get_value().unwrap_or(0.0)
    }

    /// The value of `aria-disabled`.
    pub fn flag(self) -> Flag {
        flag(move || self.held.try_get().unwrap_or(false))
    }
}

//! The clock of the pages.

use leptos::prelude::*;

/// The server's `now` of an answer, which ticks each second once the page is hydrated. Until then it stands still, so
/// that both renderings agree.
///
/// It counts the time elapsed on the browser's clock and never reads that clock as such: a browser that is an hour off
/// still shows the right time left.
pub fn ticking(now: i64) -> Signal<i64> {
    let clock = RwSignal::new(now);
    #[cfg(feature = "hydrate")]
    super::reactive::effect(move || {
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

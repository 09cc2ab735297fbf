//! The present, as the pages know it.

use leptos::prelude::*;

/// The server's `now` of an answer, which goes on ticking each second once the page is alive. Until then
/// it stands still, so that both renderings say the same.
///
/// It counts by the distance on the browser's clock and never by that clock's reading: a browser that is
/// an hour off still shows the right time left.
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

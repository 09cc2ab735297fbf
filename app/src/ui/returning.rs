//! The refresh of a page to which one returns: a key may have been changed in another tab or by another person, and
//! while the browser was offline.

use leptos::prelude::*;

use super::reactive::effect;
use super::toasts::Feedback;
use crate::client::timers::Delay;

/// The least time between two refreshes: a return to a tab is several events.
const REST_MS: u32 = 1000;

/// Fetches the page's data again when its window or tab gets the focus, and when the connection is back.
pub fn refresh_on_return(feedback: Feedback) {
    let (again, last) = (Delay::new(), StoredValue::new(0.0));
    let refresh = move || {
        if document().hidden() {
            return;
        }
        let since = js_sys::Date::now() - last.get_value();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the constant"
        )]
        let wait = (f64::from(REST_MS) - since).clamp(0.0, f64::from(REST_MS)) as u32;
        again.start(wait, move || {
            last.set_value(js_sys::Date::now());
            feedback.refresh();
        });
    };
    effect(move || {
        let events = ["focus", "visibilitychange", "online"];
        let listeners =
            events.map(|event| window_event_listener_untyped(event, move |_| refresh()));
        on_cleanup(move || {
            for listener in listeners {
                listener.remove();
            }
        });
    });
}

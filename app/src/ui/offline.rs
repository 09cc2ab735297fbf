//! The notice that the browser is offline.

use leptos::ev;
use leptos::prelude::*;

use super::reactive::{effect, reactive};
use crate::forms::form_replay::is_plain;

const TEXT: &str = "You're offline. This page may be out of date, and you can't save changes until you're back online.";

/// Shows a notice while the browser has no connection.
#[component]
pub fn Offline() -> impl IntoView {
    let offline = RwSignal::new(false);
    effect(move || {
        let lost = window_event_listener(ev::offline, move |_| offline.set(true));
        let back = window_event_listener(ev::online, move |_| offline.set(false));
        on_cleanup(move || {
            lost.remove();
            back.remove();
        });
    });
    // On a page without the module page.js shows it.
    view! {
        <div class="offline" role="status" data-text=is_plain().then_some(TEXT)>
            {reactive(move || offline.get().then_some(TEXT))}
        </div>
    }
    .into_any()
}

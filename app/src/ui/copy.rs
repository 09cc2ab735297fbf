//! The button that copies a text to the clipboard.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::hydrated::Hydrated;
use super::icon::Icon;
use super::reactive::{memo, reactive, words};
use super::toasts::Feedback;
use crate::client::browser;
use crate::client::timers::Delay;
use crate::error::FnError;
use crate::forms::form_replay::is_plain;

/// How long the button says "Copied".
pub const ANSWER_MS: u32 = 2000;

/// The message if the browser does not copy.
pub const REFUSED: &str =
    "The browser blocked the clipboard. The text is selected: press Ctrl+C or ⌘C.";

/// Copies `text`, or selects it if the browser refuses. `what` completes the accessible name: "Copy secret key". The
/// button is hidden until it works, and in browsers without a clipboard.
#[component]
pub fn CopyButton(
    #[prop(into)] text: String,
    #[prop(into)] what: String,
    /// The visible label.
    #[prop(default = "Copy")]
    word: &'static str,
    /// Shows the icon alone.
    #[prop(optional)]
    compact: bool,
    /// The button is the primary one of its page.
    #[prop(optional)]
    primary: bool,
    #[prop(optional)] on_copied: Option<Callback<()>>,
) -> impl IntoView {
    let hydrated = Hydrated::get();
    let able = memo(move || hydrated.get() && browser::can_copy());
    let copied = RwSignal::new(false);
    // A page without the module is served by page.js.
    let plain = is_plain().then(|| text.clone());
    let button = NodeRef::<html::Button>::new();
    let feedback = Feedback::get();
    let answer = Delay::new();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            if browser::copy(&text).await {
                let _ = copied.try_set(true);
                answer.start(ANSWER_MS, move || {
                    let _ = copied.try_set(false);
                });
                if let Some(done) = on_copied {
                    done.run(());
                }
            } else if let Some(button) = button.get_untracked() {
                browser::select_near(&button);
                feedback.failed(FnError::new("clipboard", REFUSED));
            }
        });
    };
    let title = format!("Copy {what}");
    let class = match (primary, compact) {
        (true, _) => "button primary copy",
        (false, true) => "button quiet copy compact",
        (false, false) => "button quiet copy",
    };
    view! {
        <button type="button" class=class class:done=copied hidden=move || !able.get() on:click=copy title=title node_ref=button data-copy=plain>
            {reactive(move || if copied.get() { Icon::DONE } else { Icon::COPY }.draw())}
            <span class="word" aria-live="polite">
                {words(move || if copied.get() { "Copied" } else { word })}
            </span>
            <span class="visually-hidden">" " {what}</span>
        </button>
    }
    .into_any()
}

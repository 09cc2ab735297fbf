//! The switch between light, dark, and what the system prefers.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::theme::Theme;

use super::toasts::Feedback;
use crate::client::call::call;
use crate::server_fns::account::SetTheme;

/// Returns the document's theme. The browser reads it from the HTML that the server sent.
fn current() -> Theme {
    #[cfg(not(feature = "hydrate"))]
    let theme = use_context().unwrap_or_default();
    #[cfg(feature = "hydrate")]
    let theme = document()
        .document_element()
        .and_then(|html| html.get_attribute("data-theme"))
        .map_or(Theme::System, |slug| Theme::from_cookie(&slug));
    theme
}

/// Applies a theme to the document.
fn apply(theme: Theme) {
    if let Some(html) = document().document_element() {
        // Neither call can fail: the attribute's name is a valid one.
        let _ = match theme.attribute() {
            Some(slug) => html.set_attribute("data-theme", slug),
            None => html.remove_attribute("data-theme"),
        };
    }
}

/// Three buttons, of which one is pressed.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let current = RwSignal::new(current());
    let feedback = Feedback::get();
    let button = move |theme: Theme| {
        let choose = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            apply(theme);
            current.set(theme);
            spawn_local(async move {
                if let Err(error) =
                    call(SetTheme::PATH, vec![("theme", theme.slug().to_owned())]).await
                {
                    feedback.failed(error);
                }
            });
        };
        view! {
            <button
                type="submit"
                class="button quiet"
                name="theme"
                value=theme.slug()
                aria-pressed=move || if current.get() == theme { "true" } else { "false" }
                on:click=choose
            >
                {theme.label()}
            </button>
        }
    };
    view! {
        <form class="themes" method="post" action=SetTheme::PATH>
            <fieldset>
                <legend class="visually-hidden">"Theme"</legend>
                {Theme::ALL.map(button).collect_view()}
            </fieldset>
        </form>
    }
    .into_any()
}

//! Light, dark, or what the system prefers.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::toasts::Feedback;
use crate::client::call::call;
use crate::server_fns::account::SetTheme;

/// The look that a person chose. It lives in a cookie so that the server renders the right one at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Reads the cookie's value; anything unknown is the system's choice.
    pub fn from_cookie(value: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.slug() == value)
            .unwrap_or_default()
    }

    pub fn slug(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// `data-theme` on the document; the system's choice has none.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.slug())
    }

    /// The theme of the document: in the browser it is read off the HTML that the server sent.
    fn current() -> Self {
        #[cfg(not(feature = "hydrate"))]
        let theme = use_context().unwrap_or_default();
        #[cfg(feature = "hydrate")]
        let theme = document()
            .document_element()
            .and_then(|html| html.get_attribute("data-theme"))
            .map_or(Self::System, |slug| Self::from_cookie(&slug));
        theme
    }

    fn apply(self) {
        if let Some(html) = document().document_element() {
            // Neither call can fail: the attribute's name is a valid one.
            let _ = match self.attribute() {
                Some(slug) => html.set_attribute("data-theme", slug),
                None => html.remove_attribute("data-theme"),
            };
        }
    }
}

/// Three buttons, of which one is pressed.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let current = RwSignal::new(Theme::current());
    let feedback = Feedback::get();
    let button = move |theme: Theme| {
        let choose = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            theme.apply();
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

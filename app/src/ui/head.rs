//! The head of a page: its title, its one `<h1>`, and its primary action at the right.
//!
//! This module owns the document's `<title>`: leptos_meta 0.8 writes a title into the HTML without escaping it,
//! so the one formatter here does, and no other file may use `leptos_meta::Title`
//! (`server/tests/it/routes/markup/sources.rs` checks that).

use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::reactive::effect;
use crate::brand::Shown;
use crate::client::browser;

/// The address whose heading had the focus last, so that a page takes the focus when it is opened and not when its data
/// is fetched again.
#[derive(Clone, Copy)]
pub struct Opened(StoredValue<Option<String>>);

impl Opened {
    pub fn provide() {
        provide_context(Self(StoredValue::new(None)));
    }

    /// Records the open page. Returns whether a link has just opened it. The page that the server rendered keeps the
    /// browser's own focus.
    fn arrive(self, path: String) -> bool {
        let before = self.0.get_value();
        let arrived = before.as_ref().is_some_and(|before| *before != path);
        self.0.set_value(Some(path));
        arrived
    }
}

/// The title of a page that sets none, and the format of every title.
#[component]
pub fn SiteTitle() -> impl IntoView {
    let name = Shown::get().name;
    view! { <Title formatter=move |title: String| title_text(&format!("{title} · {name}")) text="API keys" /> }
}

/// A title as `leptos_meta` takes it: markup while the server renders, the text itself in the browser, where it
/// becomes `document.title`.
fn title_text(title: &str) -> String {
    if cfg!(feature = "ssr") {
        title
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    } else {
        title.to_owned()
    }
}

#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    /// The content of the heading, if it is more than the title.
    #[prop(optional)]
    heading: Option<AnyView>,
    #[prop(optional)] action: Option<AnyView>,
) -> impl IntoView {
    let place = NodeRef::<html::H1>::new();
    let pathname = use_location().pathname;
    let opened = expect_context::<Opened>();
    effect(move || {
        let Some(heading) = place.get() else { return };
        if opened.arrive(pathname.get_untracked()) {
            browser::focus(&heading);
        }
    });
    let heading = heading.unwrap_or_else(|| title.clone().into_any());
    view! {
        <Title text=title />
        <header class="page-head">
            <h1 node_ref=place tabindex="-1">
                {heading}
            </h1>
            {action}
        </header>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;

    use super::*;

    /// The heading takes the focus when a link opens its page: neither at the first page, where the browser has put the
    /// focus, nor when the page's data is fetched again.
    #[test]
    fn only_a_link_moves_the_focus() {
        Owner::new().with(|| {
            Opened::provide();
            let opened = expect_context::<Opened>();
            let arrived = ["/", "/", "/developers", "/developers", "/"]
                .map(|path| opened.arrive(path.to_owned()));
            assert_eq!(arrived, [false, false, true, false, true]);
        });
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_title_is_text_and_not_markup() {
        assert_eq!(title_text("a < b & \"c\""), "a &lt; b &amp; \"c\"");
        let hostile = title_text("</title><script>");
        assert_eq!(hostile, "&lt;/title&gt;&lt;script&gt;");
        assert_eq!(title_text("&lt;"), "&amp;lt;");
    }
}

//! The page of an unknown address. The server answers 404 with it.

use leptos::prelude::*;

use crate::ui::answer::missing;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    missing(
        "Page not found",
        view! { <a class="button primary" href="/">"Go to Dashboard"</a> }.into_any(),
    )
}

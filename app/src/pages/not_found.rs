//! The page of an unknown address. The server answers 404 with it.

use leptos::prelude::*;

use crate::ui::answer::missing;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    missing(
        "There is no such page",
        view! { <a class="button primary" href="/">"To the Dashboard"</a> }.into_any(),
    )
}

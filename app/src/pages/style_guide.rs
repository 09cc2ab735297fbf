//! The style guide: every component in every state, for the eye and for the tests of the style
//! (`end2end/specs/style.spec.ts`, `make visual`).
//!
//! It exists in debug builds only, needs no account and comes without script, so it is the same at each request. It
//! uses the pages' own components where they render without data of an account, and their markup elsewhere. Room for
//! what lies over the page, such as an open menu, comes from empty pictures, because the content security policy
//! allows no style in the markup.

mod controls;
mod messages;
mod tables;

use leptos::prelude::*;

use crate::ui::head::PageHead;

pub fn page() -> AnyView {
    view! {
        <PageHead title="Style" action=view! { <a class="button primary" href="/style">"Primary action"</a> }.into_any() />
        <p class="lead">
            "Every component in every state. A " <a href="/style">"link"</a>
            " stands in a line of text, as do " <code>"kh_3d72avsn8cdp5ctm"</code> " and " <span class="quoted">"a name"</span> "."
        </p>
        {controls::sections()}
        {tables::sections()}
        {messages::sections()}
    }
    .into_any()
}

/// A part of the guide. The `id` names its picture.
fn section(id: &'static str, title: &'static str, content: AnyView) -> AnyView {
    let heading = format!("{id}-title");
    view! {
        <section class="card" id=id aria-labelledby=heading>
            <h2 id=heading.clone()>{title}</h2>
            {content}
        </section>
    }
    .into_any()
}

/// Room of so many pixels for what lies over the page.
fn room(height: u32) -> AnyView {
    view! { <svg width="1" height=height aria-hidden="true"></svg> }.into_any()
}

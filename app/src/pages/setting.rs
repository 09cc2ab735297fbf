//! The parts of a page of settings, one after the other. The server renders these pages; their forms are plain ones.

use leptos::prelude::*;

/// One subject: what it is about, and beside it the card to change it. `id` is its fragment, to which the answer to one of
/// its forms leads back.
pub fn setting(id: &'static str, title: &'static str, about: AnyView, card: AnyView) -> AnyView {
    let title_id = format!("{id}-title");
    view! {
        <section class="setting" id=id aria-labelledby=title_id.clone()>
            <header>
                <h2 id=title_id.clone()>{title}</h2>
                <p class="muted">{about}</p>
            </header>
            <div class="card">{card}</div>
        </section>
    }
    .into_any()
}

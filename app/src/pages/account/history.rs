//! The history of the account itself: what its owner and the company's operators did, but not with its keys, and who came in
//! by the company's links.

use leptos::prelude::*;
use shared::view::HistoryEntry;

use crate::pages::key::entry;
use crate::pages::setting::setting;

/// The entries in sight; older ones are one press away.
const FIRST: usize = 5;

pub fn section(mut first: Vec<HistoryEntry>) -> AnyView {
    let rest = first.split_off(first.len().min(FIRST));
    let older = (!rest.is_empty()).then(|| {
        view! {
            <details class="older">
                <summary>{format!("Show {} older", rest.len())}</summary>
                <ol class="history">{rest.into_iter().map(entry).collect_view()}</ol>
            </details>
        }
    });
    let about =
        "Changes of this account, and sign-ins by links. Each key has a history of its own.";
    let card = view! {
        {first.is_empty().then(|| view! { <p class="muted">"No changes yet."</p> })}
        <ol class="history">{first.into_iter().map(entry).collect_view()}</ol>
        {older}
    };
    setting("history", "History", about.into_any(), card.into_any())
}

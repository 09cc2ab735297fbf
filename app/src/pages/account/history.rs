//! The history of the account itself: what its owner and the company's operators did, but not with its keys.

use leptos::prelude::*;
use shared::view::HistoryEntry;

use crate::pages::key::entry;

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
    view! {
        <section class="card" id="history" aria-labelledby="history-title">
            <h2 id="history-title">"History"</h2>
            <p class="help">"Changes of this account. Each key has a history of its own."</p>
            {first.is_empty().then(|| view! { <p class="muted">"No changes yet."</p> })}
            <ol class="history">{first.into_iter().map(entry).collect_view()}</ol>
            {older}
        </section>
    }
    .into_any()
}

//! The history of the key: what changed, from what to what, when, and who did it.

use leptos::prelude::*;
use shared::moment::unbroken;
use shared::view::{Change, HistoryEntry};

use super::Shown;
use crate::ui::reactive::reactive;

/// The entries in sight; older ones are one press away.
const FIRST: usize = 3;
/// The most entries that the server sends.
const MOST: usize = 50;

pub fn history(key: Shown) -> AnyView {
    let entries = move || {
        let mut first = key.detail.with(|detail| detail.history.clone());
        let rest = first.split_off(first.len().min(FIRST));
        let all = first.len() + rest.len();
        view! {
            {(all == 0).then(|| view! { <p class="muted">"No changes yet."</p> })}
            <ol class="history">{first.into_iter().map(entry).collect_view()}</ol>
            {(!rest.is_empty()).then(|| older(rest, all))}
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="history-title">
            <h2 id="history-title">"History"</h2>
            {reactive(entries)}
        </section>
    }
    .into_any()
}

fn older(rest: Vec<HistoryEntry>, all: usize) -> AnyView {
    let label = format!("Show {} older", rest.len());
    view! {
        <details class="older">
            <summary>{label}</summary>
            <ol class="history">{rest.into_iter().map(entry).collect_view()}</ol>
            {(all >= MOST)
                .then(|| view! { <p class="muted">"These are the last 50 changes. Older ones are not shown."</p> })}
        </details>
    }
    .into_any()
}

/// Returns the sentence of an entry, without what its changes say better.
fn what(entry: &HistoryEntry) -> String {
    let ends = [", expires ", ", never expires"];
    let end = ends.iter().find_map(|end| entry.what.find(end));
    match end {
        Some(end) if !entry.changes.is_empty() => entry.what[..end].to_owned(),
        _ => entry.what.clone(),
    }
}

/// An entry, in a list of the class `history`.
pub fn entry(entry: HistoryEntry) -> AnyView {
    let what = what(&entry);
    let from = (!entry.address.is_empty()).then(|| format!(" from {}", entry.address));
    view! {
        <li>
            <span>{unbroken(&what)}</span>
            {entry.changes.into_iter().map(change).collect_view()}
            <span class="muted">
                <time datetime=entry.when.rfc3339>{unbroken(&entry.when.text)}</time>
                {(!entry.who.is_empty()).then(|| format!(", by {}", entry.who))}
                {from}
            </span>
        </li>
    }
    .into_any()
}

/// A changed field, before and after.
fn change(change: Change) -> AnyView {
    let or_nothing = |text: String| {
        if text.is_empty() {
            view! { <em>"nothing"</em> }.into_any()
        } else {
            view! { <bdi>{text}</bdi> }.into_any()
        }
    };
    view! {
        <span class="change">
            {change.field} ": " <del>{or_nothing(change.from)}</del> " → " <ins>{or_nothing(change.to)}</ins>
        </span>
    }
    .into_any()
}

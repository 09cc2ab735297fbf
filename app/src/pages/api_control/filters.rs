//! The filters of the table: by status as tabs, by use and expiration in a menu, and a chip for each that is on.

use leptos::prelude::*;
use shared::list::{ListQuery, Show};
use shared::status::Status;
use shared::view::Counts;

use super::address::address;
use super::list::total;
use crate::ui::icon::Icon;

/// The tabs and the menu.
pub fn filters(counts: Counts, query: &ListQuery) -> AnyView {
    let tab = |status: Option<Status>, label: &'static str| {
        let href = to(query, |query| query.status = status);
        // Phones have room for the first word.
        let (word, rest) = label.split_at(label.find(' ').unwrap_or(label.len()));
        view! {
            <li>
                <a href=href data-noscroll aria-current=(query.status == status).then_some("true")>
                    <span>{word} <span class="rest">{rest}</span></span>
                    <span class="count">{total(counts, status)}</span>
                </a>
            </li>
        }
        .into_any()
    };
    let each = Status::ALL.map(|status| tab(Some(status), status.label()));
    view! {
        <nav class="filters" aria-label="Filter by status">
            <ul>{tab(None, "All")} {Vec::from(each)}</ul>
        </nav>
        <details class="menu filter-menu">
            <summary class="button">{Icon::FILTER.draw()} <span>"Filter"</span></summary>
            <div class="menu-items">{Vec::from(Show::ALL.map(|show| choice(query, show)))}</div>
        </details>
    }
    .into_any()
}

/// A filter in the menu; the one that is on switches it off.
fn choice(query: &ListQuery, show: Show) -> AnyView {
    let on = query.show == Some(show);
    let href = to(query, |query| query.show = (!on).then_some(show));
    view! {
        <a class="button quiet" href=href data-noscroll aria-current=on.then_some("true")>
            {show.label()}
        </a>
    }
    .into_any()
}

/// A chip for each filter that is on, which removes it. The search has its × in its field.
pub fn chips(query: &ListQuery) -> Option<AnyView> {
    let mut chips = Vec::new();
    if let Some(status) = query.status {
        let href = to(query, |query| query.status = None);
        chips.push(chip(status.label().to_owned(), href));
    }
    if let Some(show) = query.show {
        let href = to(query, |query| query.show = None);
        chips.push(chip(show.label().to_owned(), href));
    }
    (!chips.is_empty()).then(|| {
        view! {
            <ul class="chips" aria-label="Filters">
                {chips}
            </ul>
        }
        .into_any()
    })
}

fn chip(label: String, href: String) -> AnyView {
    let name = format!("Remove the filter {label}");
    view! {
        <li class="chip">
            <bdi>{label}</bdi>
            <a href=href data-noscroll aria-label=name>
                {Icon::CLOSE.draw()}
            </a>
        </li>
    }
    .into_any()
}

/// The address of a changed query, from its first page.
pub fn to(query: &ListQuery, change: impl FnOnce(&mut ListQuery)) -> String {
    let mut query = query.clone();
    query.page = 1;
    change(&mut query);
    address(&query)
}

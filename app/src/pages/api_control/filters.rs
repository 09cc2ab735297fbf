//! The filters of the table: by status as tabs, by use and expiration in a menu, and a chip for each that is on.

use leptos::prelude::*;
use shared::list::{ListQuery, Show};
use shared::status::Status;
use shared::view::KeyPage;

use super::address::address;
use super::total;
use crate::client::browser;
use crate::ui::icon::Icon;
use crate::ui::reactive::{fresh, reactive};

/// The tabs and the menu. The current one is that of the address, so that it changes at once.
pub fn filters(page: Memo<KeyPage>, query: Memo<ListQuery>) -> AnyView {
    let tab = move |status: Option<Status>, label: &'static str| {
        let count = move || {
            let count = page.with(|page| total(page.counts, status));
            fresh(view! { <span class="count">{count}</span> })
        };
        let body = move || {
            query.with(|query| {
                let href = to(query, |query| query.status = status);
                view! {
                    <a href=href data-noscroll aria-current=(query.status == status).then_some("true")>
                        {label}
                        " "
                        {reactive(count)}
                    </a>
                }
                .into_any()
            })
        };
        view! { <li>{reactive(body)}</li> }.into_any()
    };
    let each = Status::ALL.map(|status| tab(Some(status), status.label()));
    view! {
        <nav class="filters" aria-label="Filter by status">
            <ul>{tab(None, "All")} {each.into_iter().collect_view()}</ul>
        </nav>
        <details class="menu filter-menu">
            <summary class="button">{Icon::FILTER.draw()} "Filter"</summary>
            <div class="menu-items">
                {Show::ALL
                    .map(|show| reactive(move || query.with(|query| choice(query, show))))
                    .into_iter()
                    .collect_view()}
            </div>
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

/// A chip for each filter that is on, which removes it.
pub fn chips(query: Memo<ListQuery>) -> AnyView {
    reactive(move || {
        query.with(|query| {
            let mut chips = Vec::new();
            if !query.search.is_empty() {
                let words = ["“", &query.search, "”"].concat();
                chips.push(chip(words, to(query, |query| query.search.clear())));
            }
            if let Some(status) = query.status {
                let href = to(query, |query| query.status = None);
                chips.push(chip(status.label().to_owned(), href));
            }
            if let Some(show) = query.show {
                let href = to(query, |query| query.show = None);
                chips.push(chip(show.label().to_owned(), href));
            }
            (!chips.is_empty()).then(|| {
                fresh(view! {
                    <ul class="chips" aria-label="Filters">
                        {chips}
                    </ul>
                })
            })
        })
    })
}

fn chip(label: String, href: String) -> AnyView {
    let name = ["Remove the filter ", &label].concat();
    view! {
        <li class="chip">
            <bdi>{label}</bdi>
            <a href=href data-noscroll aria-label=name on:click=|_| browser::focus_soon("#search")>
                {Icon::CLOSE.draw()}
            </a>
        </li>
    }
    .into_any()
}

/// The address of a changed query, from its first page.
fn to(query: &ListQuery, change: impl FnOnce(&mut ListQuery)) -> String {
    let mut query = query.clone();
    query.page = 1;
    change(&mut query);
    address(&query)
}

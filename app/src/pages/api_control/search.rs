//! The search of the table, and its order where the columns' heads do not fit. `table.js` searches while one types; without
//! script the form has a button for both.

use leptos::prelude::*;
use shared::list::{Column, ListQuery, Show, Sort};
use shared::status::Status;

use super::filters::to;
use crate::keys::key_actions::LIST;
use crate::ui::icon::Icon;

/// The form of the search.
pub fn search(query: &ListQuery) -> AnyView {
    view! {
        <form class="search" method="get" action=LIST role="search">
            <label class="visually-hidden" for="search">
                "Search keys"
            </label>
            <div class="within">
                // The Enter key presses it without the focus.
                <button type="submit" tabindex="-1">
                    {Icon::SEARCH.draw()}
                    <span class="visually-hidden">"Search"</span>
                </button>
                <input
                    id="search"
                    type="search"
                    name="q"
                    placeholder="Search name, description, key"
                    value=query.search.clone()
                    autocomplete="off"
                />
                <a href=to(query, |query| query.search.clear()) data-noscroll aria-label="Clear the search">
                    {Icon::CLOSE.draw()}
                </a>
            </div>
            <label class="visually-hidden" for="sort">
                "Sort by"
            </label>
            <select id="sort" name="sort">
                {orders(query.sort)}
            </select>
            {query.status.map(|status| hidden("status", Status::slug(status)))}
            {query.show.map(|show| hidden("show", Show::slug(show)))}
        </form>
    }
    .into_any()
}

fn hidden(name: &'static str, value: &'static str) -> AnyView {
    view! { <input type="hidden" name=name value=value /> }.into_any()
}

fn orders(current: Sort) -> Vec<AnyView> {
    Column::ALL
        .into_iter()
        .flat_map(|column| [(column, false), (column, true)])
        .map(|(column, descending)| {
            let sort = Sort { column, descending };
            let direction = if descending {
                "descending"
            } else {
                "ascending"
            };
            view! {
                <option value=sort.to_param() selected=sort == current>
                    {format!("{}, {direction}", column.label())}
                </option>
            }
            .into_any()
        })
        .collect()
}

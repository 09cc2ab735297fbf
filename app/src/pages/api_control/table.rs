//! The table: its head orders it, and a press anywhere in a row opens the key.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::{Column, ListQuery};
use shared::view::KeyPage;

use super::address::address;
use super::bulk_bar::{self, EXTENSIONS};
use super::list::{Chosen, filter_fields};
use super::row::row;
use super::until::next_change;
use crate::server_fns::keys::{BulkKeys, EditKey, ExpireKey};
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

pub fn table(page: &KeyPage, query: &ListQuery, chosen: &Chosen) -> AnyView {
    let created = page.columns.created;
    let changes = bulk_bar::is_offered();
    let rows = page.keys.iter();
    let rows: Vec<_> = rows.map(|key| row(key, page, chosen)).collect();
    let class = if created {
        "key-table with-created"
    } else {
        "key-table"
    };
    view! {
        <table id="keys" role="table" class=class data-next=next_change(page)>
            <caption class="visually-hidden">
                {format!("Your API keys. Dates are in {}.", page.time_zone)}
            </caption>
            <thead role="rowgroup">
                <tr role="row">
                    <td class="select" role="cell">
                        {changes.then(select_all)}
                    </td>
                    {head(Column::Name, "name", query)}
                    {head(Column::AccessKey, "access", query)}
                    {head(Column::Status, "state", query)}
                    <th scope="col" role="columnheader" class="calls-cell" title="Calls in the last 30 days">
                        "Calls"
                        <span class="visually-hidden">" in the last 30 days"</span>
                    </th>
                    {created.then(|| head(Column::Created, "created", query))}
                    {head(Column::Used, "used", query)}
                    <th scope="col" role="columnheader" class="actions">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
        {changes.then(|| forms(page, query))}
    }
    .into_any()
}

fn select_all() -> AnyView {
    view! {
        <label>
            <input type="checkbox" class="scripted" aria-label="Select all keys on this page" />
        </label>
    }
    .into_any()
}

/// The forms of the rows' menus.
fn forms(page: &KeyPage, query: &ListQuery) -> AnyView {
    view! {
        <div id="forms" hidden>
            {offers(EditKey::PATH)
                .then(|| {
                    EXTENSIONS.map(|(days, _)| form(page, query, format!("extend-{days}"), "extend", days)).collect_view()
                })}
            {offers(ExpireKey::PATH).then(|| form(page, query, "expire".to_owned(), "expire", ""))}
        </div>
    }
    .into_any()
}

/// A form of the rows' menus. A pressed button adds its key.
fn form(
    page: &KeyPage,
    query: &ListQuery,
    id: String,
    action: &'static str,
    expiry: &'static str,
) -> AnyView {
    view! {
        <form id=id method="post" action=BulkKeys::PATH>
            <input type="hidden" name="action" value=action />
            <input type="hidden" name="expiry" value=expiry />
            <input type="hidden" name="as_of" value=page.now />
            {filter_fields(query)}
        </form>
    }
    .into_any()
}

/// A column's head. The order by status is that by expiration, which has no column.
fn head(column: Column, class: &'static str, query: &ListQuery) -> AnyView {
    let sorted = match query.sort.column {
        Column::Expires => column == Column::Status,
        other => column == other,
    };
    let href = address(&ListQuery {
        sort: query.sort.clicked(column),
        page: 1,
        ..query.clone()
    });
    let direction = match (sorted, query.sort.descending) {
        (false, _) => None,
        (true, false) => Some(("ascending", Icon::UP)),
        (true, true) => Some(("descending", Icon::DOWN)),
    };
    view! {
        <th scope="col" role="columnheader" class=class aria-sort=direction.map(|(word, _)| word)>
            <a href=href data-noscroll>
                <span>{column.label()}</span>
                {direction.map(|(_, icon)| icon.draw())}
            </a>
        </th>
    }
    .into_any()
}

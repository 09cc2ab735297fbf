//! The menu of the table's layout, which the account keeps: columns and page size. It also has the export of the table.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::{ListQuery, PAGE_SIZES};
use shared::view::KeyPage;

use super::address::parameters;
use super::bulk_bar::EXPORTS;
use crate::server_fns::account::SaveTable;
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

pub fn view_menu(page: &KeyPage, query: &ListQuery) -> AnyView {
    let sizes = PAGE_SIZES.map(|each| {
        view! {
            <label class="choice">
                <input type="radio" name="page_size" value=each checked=each == page.size />
                {each}
            </label>
        }
        .into_any()
    });
    let export = |(label, path): (&'static str, &'static str)| {
        let href = format!("{path}?{}", parameters(query));
        view! {
            <a class="button quiet" href=href rel="external" download="">
                {format!("Export as {label}")}
            </a>
        }
        .into_any()
    };
    view! {
        <details class="menu view-menu">
            <summary class="button">{Icon::VIEW.draw()} <span>"View"</span></summary>
            <div class="menu-items">
                {offers(SaveTable::PATH).then(|| view! {
                <form class="view" method="post" action=SaveTable::PATH>
                    <fieldset>
                        <legend>"Keys per page"</legend>
                        {Vec::from(sizes)}
                    </fieldset>
                    <label class="choice">
                        <input type="checkbox" name="created" value="true" checked=page.columns.created />
                        "Column “Created”"
                    </label>
                    <button type="submit" class="button">
                        "Apply"
                    </button>
                </form>
                <hr />
                })}
                {Vec::from(EXPORTS.map(export))}
            </div>
        </details>
    }
    .into_any()
}

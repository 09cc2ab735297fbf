//! The menu of the table's layout, which the account keeps: columns and page size. It also has the export of the table.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::{ListQuery, PAGE_SIZES};
use shared::view::KeyPage;

use super::address::parameters;
use super::bulk_bar::EXPORTS;
use crate::forms::form::{Form, FormState, Submit, then};
use crate::server_fns::account::SaveTable;
use crate::ui::icon::Icon;
use crate::ui::menus::close_open;
use crate::ui::toasts::Feedback;

pub fn view_menu(page: Memo<KeyPage>, query: Memo<ListQuery>) -> AnyView {
    let state = FormState::new(SaveTable::PATH);
    let feedback = Feedback::get();
    let done = then(move |_, _| {
        close_open(None);
        feedback.refresh();
        Ok(())
    });
    let (size, created) = page.with_untracked(|page| (page.size, page.columns.created));
    let sizes = PAGE_SIZES.map(|each| {
        view! {
            <label class="choice">
                <input type="radio" name="page_size" value=each checked=each == size />
                {each}
            </label>
        }
        .into_any()
    });
    let export = move |(label, path): (&'static str, &'static str)| {
        let href = move || query.with(|query| [path, "?", &parameters(query)].concat());
        view! {
            <a class="button quiet" href=href rel="external" download="">
                "Export as "
                {label}
            </a>
        }
        .into_any()
    };
    view! {
        <details class="menu view-menu">
            <summary class="button">{Icon::VIEW.draw()} "View"</summary>
            <div class="menu-items">
                <Form state=state then=done terse=true class="view">
                    <fieldset>
                        <legend>"Keys per page"</legend>
                        {Vec::from(sizes)}
                    </fieldset>
                    <label class="choice">
                        <input type="checkbox" name="created" value="true" checked=created />
                        "Column “Created”"
                    </label>
                    <Submit state=state label="Apply" class="button" />
                </Form>
                <hr />
                {Vec::from(EXPORTS.map(export))}
            </div>
        </details>
    }
    .into_any()
}

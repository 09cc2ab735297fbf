//! The bar of the actions on the selected keys. It takes the place of the filters as soon as a key is selected, which
//! the style decides, so that it works without script too.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::location::Url;
use shared::list::ListQuery;
use shared::view::KeyPage;

use super::actions::{Actions, EXTENSIONS};
use super::address::parameters;
use super::chosen::Chosen;
use super::delete_dialog::delete_dialog;
use super::filter_fields;
use crate::client::browser;
use crate::error::FnError;
use crate::forms::form_replay::Replay;
use crate::server_fns::keys::BulkKeys;
use crate::ui::icon::Icon;
use crate::ui::menus::close_open;
use crate::ui::reactive::{fresh, reactive};

/// The exports of the table, by their labels.
pub const EXPORTS: [(&str, &str); 2] = [
    ("CSV", "/preferences/api-control/export.csv"),
    ("JSON", "/preferences/api-control/export.json"),
];

pub fn bulk_bar(
    page: Memo<KeyPage>,
    query: Memo<ListQuery>,
    total: Memo<i64>,
    actions: Actions,
) -> AnyView {
    let chosen = actions.chosen;
    let date = NodeRef::<html::Input>::new();
    let dialog = NodeRef::<html::Dialog>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(button) = event.submitter() else {
            return;
        };
        if let Some(path) = button.get_attribute("formaction") {
            close_open(None);
            browser::load(&query.with_untracked(|query| export(&path, query, chosen)));
            return;
        }
        let value = button.get_attribute("value").unwrap_or_default();
        match value.split_once(' ') {
            Some((action, expiry)) => actions.of_chosen(action, expiry.to_owned()),
            None if value == "delete" => {
                if let Some(dialog) = dialog.get_untracked() {
                    // Fails only if it is open.
                    let _ = dialog.show_modal();
                }
            }
            None if value == "set" => {
                let date = date.get_untracked().map(|date| date.value());
                actions.of_chosen(&value, date.unwrap_or_default());
            }
            None => actions.of_chosen(&value, String::new()),
        }
    };
    let words = move || {
        let words = if chosen.all.get() {
            ["All ", &total.get().to_string(), " selected"].concat()
        } else {
            match chosen.count() {
                0 => "Selected keys".to_owned(),
                count => count.to_string() + " selected",
            }
        };
        fresh(view! { <span>{words}</span> })
    };
    let fields = move || {
        query.with(|query| {
            filter_fields(query)
                .into_iter()
                .map(hidden)
                .collect::<Vec<_>>()
        })
    };
    let all = move || {
        let shown = page.with(|page| page.keys.len());
        let total = total.get();
        (usize::try_from(total).is_ok_and(|total| total > shown)).then(|| all(total, chosen))
    };
    view! {
        {refused()}
        <form id="bulk" class="bulk" method="post" action=BulkKeys::PATH on:submit=submit aria-busy=move || actions.busy.get().then_some("true")>
            <p class="chosen" role="status">{reactive(words)}</p>
            {reactive(fields)}
            {actions.as_of_field()}
            {reactive(all)}
            <details class="menu">
                <summary class="button">"Extend" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items">{Vec::from(EXTENSIONS.map(extension))}</div>
            </details>
            <details class="menu">
                <summary class="button">"Set date" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items set-date">
                    <label for="bulk-date">"Expires at the end of"</label>
                    <input id="bulk-date" type="date" name="expiry" node_ref=date />
                    <button type="submit" name="action" value="set" class="button primary">
                        "Set date"
                    </button>
                </div>
            </details>
            <button type="submit" name="action" value="expire" class="button">
                "Expire"
            </button>
            <button type="submit" name="action" value="delete" class="button quiet danger">
                "Delete…"
            </button>
            <details class="menu">
                <summary class="button">"Export" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items">{Vec::from(EXPORTS.map(download))}</div>
            </details>
            {clear(chosen)}
        </form>
        {delete_dialog(dialog, query, total, actions)}
    }
    .into_any()
}

/// The choice of all keys that match, where one page does not show them all.
fn all(total: i64, chosen: Chosen) -> AnyView {
    let change = move |event: leptos::ev::Event| chosen.all.set(event_target_checked(&event));
    view! {
        <label class="all">
            <input
                type="checkbox"
                name="all"
                value="true"
                checked=chosen.all.get_untracked()
                prop:checked=move || chosen.all.get()
                on:change=change
            />
            <span>"All " {total} " that match"</span>
        </label>
    }
    .into_any()
}

fn clear(chosen: Chosen) -> AnyView {
    let clear = move |_| {
        chosen.clear();
        browser::focus_soon("thead [type=checkbox]");
    };
    view! {
        <button type="button" class="button quiet compact clear scripted" on:click=clear>
            {Icon::CLOSE.draw()}
            <span class="visually-hidden">"Clear the selection"</span>
        </button>
    }
    .into_any()
}

fn hidden((name, value): (&'static str, String)) -> AnyView {
    view! { <input type="hidden" name=name value=value /> }.into_any()
}

fn extension((days, label): (&'static str, &'static str)) -> AnyView {
    view! {
        <button type="submit" name="action" value=["extend ", days].concat() class="button quiet">
            "By " {label}
        </button>
    }
    .into_any()
}

fn download((label, path): (&'static str, &'static str)) -> AnyView {
    view! {
        <button type="submit" formmethod="get" formaction=path class="button quiet">
            {label}
        </button>
    }
    .into_any()
}

/// The address of an export of the selection.
fn export(path: &str, query: &ListQuery, chosen: Chosen) -> String {
    let parameters = if chosen.all.get_untracked() {
        parameters(query)
    } else {
        ["keys=", &Url::escape(&chosen.access_keys())].concat()
    };
    [path, "?", &parameters].concat()
}

/// The reason why the form that is being answered was refused. Deletion has its own place for it.
fn refused() -> Option<AnyView> {
    let replay = Replay::of(BulkKeys::PATH)?;
    if replay.field("action") == Some("delete") {
        return None;
    }
    let error: FnError = replay.error()?.clone();
    let reason = error.alert().or_else(|| error.fields.into_values().next());
    Some(
        view! {
            <p class="note bad" role="alert">
                {Icon::WARNING.draw()}
                <span>{reason}</span>
            </p>
        }
        .into_any(),
    )
}

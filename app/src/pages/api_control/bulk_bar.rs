//! The bar of the actions on the selected keys. It takes the place of the filters as soon as a key is selected, which
//! the style decides, so that it works without script too.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::ListQuery;
use shared::view::KeyPage;

use super::list::{Chosen, filter_fields};
use crate::error::FnError;
use crate::forms::form_replay::Replay;
use crate::server_fns::keys::{BulkKeys, DeleteKey, EditKey, ExpireKey};
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

/// The choices of *Extend*, in days.
pub const EXTENSIONS: [(&str, &str); 3] =
    [("30d", "30 days"), ("90d", "90 days"), ("365d", "365 days")];

/// The exports of the table, by their labels.
pub const EXPORTS: [(&str, &str); 2] = [
    ("CSV", "/preferences/api-control/export.csv"),
    ("JSON", "/preferences/api-control/export.json"),
];

/// Whether the session may do one of the actions.
pub fn is_offered() -> bool {
    let actions = [EditKey::PATH, ExpireKey::PATH, DeleteKey::PATH];
    actions.into_iter().any(offers)
}

/// `today` is the present day in the account's zone, `2027-02-26`.
pub fn bulk_bar(
    page: &KeyPage,
    query: &ListQuery,
    today: String,
    total: i64,
    chosen: &Chosen,
) -> AnyView {
    let shown = page.keys.len();
    let more = usize::try_from(total).is_ok_and(|total| total > shown);
    view! {
        <form id="bulk" class="bulk" method="post" action=BulkKeys::PATH>
            // The button of the Enter key in a field or a checkbox, which must not press the first action.
            <button type="submit" name="action" value="" hidden></button>
            <p class="chosen" role="status">
                "Selected keys"
            </p>
            {filter_fields(query)}
            <input type="hidden" name="as_of" value=page.now.to_string() />
            {elsewhere(page, chosen)}
            {more.then(|| all(total, chosen))}
            {offers(EditKey::PATH).then(|| extensions(today))}
            {offers(ExpireKey::PATH).then(|| view! {
                <button type="submit" name="action" value="expire" class="button">
                    "Expire"
                </button>
            })}
            {offers(DeleteKey::PATH).then(|| view! {
                <button type="submit" name="action" value="delete" class="button quiet danger">
                    "Delete…"
                </button>
            })}
            <details class="menu">
                <summary class="button">"Export" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items">{EXPORTS.map(download).collect_view()}</div>
            </details>
            <button type="button" class="button quiet compact clear scripted">
                {Icon::CLOSE.draw()}
                <span class="visually-hidden">"Clear the selection"</span>
            </button>
        </form>
    }
    .into_any()
}

/// The menus that set expirations.
fn extensions(today: String) -> AnyView {
    view! {
            <details class="menu">
                <summary class="button">"Extend" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items">
                    {EXTENSIONS.map(extension).collect_view()} <hr />
                    {outcome("extend", "Adds to each key's expiration. Restores expired keys, counted from now.")}
                </div>
            </details>
            <details class="menu">
                <summary class="button">"Set date" {Icon::CHEVRON.draw()}</summary>
                <div class="menu-items set-date">
                    <label for="bulk-date">"Expires at the end of"</label>
                    <input id="bulk-date" type="date" name="expiry" min=today />
                    {outcome("set", "Restores expired keys. Shortens keys that last longer.")}
                    <button type="submit" name="action" value="set" class="button primary">
                        "Set date"
                    </button>
                </div>
            </details>
    }
    .into_any()
}

/// The selected keys of a form post that are not on the page which answers it.
fn elsewhere(page: &KeyPage, chosen: &Chosen) -> Vec<AnyView> {
    let is_shown = |id: &&String| page.keys.iter().any(|key| key.access_key == **id);
    let keys = chosen.keys.iter().filter(|id| !is_shown(id));
    keys.map(|id| view! { <input type="hidden" name="key" value=id.clone() /> }.into_any())
        .collect()
}

/// The choice of all keys that match, where one page does not show them all.
fn all(total: i64, chosen: &Chosen) -> AnyView {
    view! {
        <label class="all">
            <input type="checkbox" name="all" value="true" checked=chosen.all data-total=total />
            <span>"All " {total} " that match"</span>
        </label>
    }
    .into_any()
}

fn extension((days, label): (&'static str, &'static str)) -> AnyView {
    view! {
        <button type="submit" name="action" value=format!("extend {days}") class="button quiet">
            "+" {label}
        </button>
    }
    .into_any()
}

/// What an action does to the keys. `table.js` puts the numbers of the selected ones in its place.
fn outcome(action: &'static str, text: &'static str) -> AnyView {
    view! {
        <p class="help outcome" role="status" data-action=action>
            {text}
        </p>
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

/// The reason why the form that is being answered was refused. Deletion has its own place for it.
pub fn refused() -> Option<AnyView> {
    let replay = Replay::of(BulkKeys::PATH)?;
    if replay.field("action") == Some("delete") && offers(DeleteKey::PATH) {
        return None;
    }
    let error: FnError = replay.error()?.clone();
    // The notice above the content has it.
    if error.code == FnError::NOT_ALLOWED {
        return None;
    }
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

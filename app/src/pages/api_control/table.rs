//! The table: its head orders it, and a press anywhere in a row opens the key. One handler serves the clicks of all rows.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::list::{Column, ListQuery};
use shared::view::{KeyPage, KeyView};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

use super::actions::{Actions, EXTENSIONS};
use super::address::address;
use super::chosen::Chosen;
use super::row::row;
use crate::client::timers::Delay;
use crate::client::{boot, browser};
use crate::error::FnError;
use crate::server_fns::keys::{BulkKeys, ExpireKey};
use crate::ui::clock::ticking;
use crate::ui::copy::{ANSWER_MS, REFUSED};
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::toasts::Feedback;

/// The parts of a row that do something else than open the key.
const CONTROLS: &str = "a, button, input, label, summary, .menu-items, thead";

pub fn table(page: Memo<KeyPage>, query: Memo<ListQuery>, actions: Actions) -> AnyView {
    // One clock for the table: a later answer corrects it by the small error of the first one.
    let clock = ticking(page.with_untracked(|page| page.now));
    let now: Signal<i64> = memo(move || clock.get().max(page.with(|page| page.now))).into();
    let each = move |of: fn(&KeyView) -> String| {
        memo(move || page.with(|page| page.keys.iter().map(of).collect::<Vec<_>>()))
    };
    let ids = each(|key| key.access_key.clone());
    let labels = each(|key| [key.name.as_str(), "\n", &key.description].concat());
    let created = memo(move || page.with(|page| page.columns.created));
    let chosen = actions.chosen;
    effect(move || ids.with(|ids| chosen.keep(ids)));
    keep_focus(ids);

    let (copied, answer, feedback) = (RwSignal::new(""), Delay::new(), Feedback::get());
    let shift = StoredValue::new(false);
    let press = move |event: MouseEvent| {
        shift.set_value(event.shift_key());
        let Some(target) = target(&event) else { return };
        if let Ok(Some(button)) = target.closest("[data-copy]") {
            copy(button, copied, answer, feedback);
        } else {
            open(&target, event.ctrl_key() || event.meta_key());
        }
    };
    let middle = move |event: MouseEvent| {
        if event.button() == 1
            && let Some(target) = target(&event)
        {
            open(&target, true);
        }
    };
    let change = move |event: Event| {
        let Some(input) = target(&event) else { return };
        let Ok(input) = input.dyn_into::<HtmlInputElement>() else {
            return;
        };
        ids.with_untracked(|ids| {
            if input.name() == "key" {
                chosen.choose(ids, &input.value(), input.checked(), shift.get_value());
            } else {
                chosen.choose_page(ids, input.checked());
            }
        });
    };
    // The rows stay while their keys do, with the focus, the selection and an open menu.
    let rows = move || {
        labels.track();
        let created = created.get();
        let rows = ids.get().into_iter();
        let rows: Vec<_> = rows.map(|id| row(id, page, now, created, chosen)).collect();
        fresh(view! { <tbody>{rows}</tbody> })
    };
    let zone = page.with_untracked(|page| page.time_zone.clone());
    view! {
        <table
            class="key-table"
            class:with-created=created
            on:click=press
            on:auxclick=middle
            on:change=change
        >
            <caption class="visually-hidden">"Your API keys. Dates are in " {zone} "."</caption>
            <thead>
                <tr>
                    {select_page(ids, chosen)}
                    {head(Column::Name, "name", query)}
                    {head(Column::AccessKey, "access", query)}
                    {head(Column::Status, "state", query)}
                    <th scope="col" class="calls-cell">
                        "Calls, 30 days"
                    </th>
                    {reactive(move || created.get().then(|| head(Column::Created, "created", query)))}
                    {head(Column::Used, "used", query)}
                    <th scope="col" class="actions">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            {reactive(rows)}
        </table>
        <p class="visually-hidden" role="status">
            {reactive(move || fresh(view! { <span>{copied.get()}</span> }))}
        </p>
        <div hidden on:submit=move |event| actions.of_row(&event)>
            {forms(actions)}
        </div>
    }
    .into_any()
}

/// The checkbox of the whole page.
fn select_page(ids: Memo<Vec<String>>, chosen: Chosen) -> AnyView {
    let some = move || chosen.count() > 0;
    let whole = move || some() && ids.with(|ids| chosen.count() == ids.len());
    view! {
        <td class="select">
            <label>
                <input
                    type="checkbox"
                    class="scripted"
                    aria-label="Select all keys on this page"
                    prop:checked=whole
                    prop:indeterminate=move || some() && !whole()
                />
            </label>
        </td>
    }
    .into_any()
}

/// The forms of the rows' menus. A pressed button adds its key.
fn forms(actions: Actions) -> AnyView {
    let extend = move |(days, _): (&'static str, _)| {
        view! {
            <form id=["extend-", days].concat() method="post" action=BulkKeys::PATH>
                <input type="hidden" name="action" value="extend" />
                <input type="hidden" name="expiry" value=days />
                {actions.as_of_field()}
            </form>
        }
        .into_any()
    };
    view! {
        {Vec::from(EXTENSIONS.map(extend))}
        <form id="expire" method="post" action=ExpireKey::PATH></form>
    }
    .into_any()
}

/// A column's head. The order by status is that by expiration, which has no column.
fn head(column: Column, class: &'static str, query: Memo<ListQuery>) -> AnyView {
    reactive(move || {
        query.with(|query| {
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
                <th scope="col" class=class aria-sort=direction.map(|(word, _)| word)>
                    <a href=href data-noscroll>
                        {column.label()}
                        {direction.map(|(_, icon)| icon.draw())}
                    </a>
                </th>
            }
            .into_any()
        })
    })
}

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Opens the key of a row by its link, in a new tab if `beside`. Does nothing for a press on a control, or one that
/// ends a selection of text.
fn open(target: &Element, beside: bool) {
    if !matches!(target.closest(CONTROLS), Ok(None)) || boot::has_selected_text() {
        return;
    }
    let row = target.closest("tr").ok().flatten();
    let link = row.and_then(|row| row.query_selector("th a").ok().flatten());
    let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    if beside {
        let href = link.get_attribute("href").unwrap_or_default();
        // Fails only where the browser forbids it.
        let _ = window().open_with_url_and_target(&href, "_blank");
    } else {
        // Later, because its click comes to the handler that calls this.
        request_animation_frame(move || link.click());
    }
}

/// Copies the access key that a button names. The button's answer is drawn over the table, so that nothing moves.
fn copy(button: Element, copied: RwSignal<&'static str>, answer: Delay, feedback: Feedback) {
    let access_key = button.get_attribute("data-copy").unwrap_or_default();
    spawn_local(async move {
        let words = if browser::copy(&access_key).await {
            "Copied"
        } else {
            let row = button.closest("tr").ok().flatten();
            if let Some(code) = row.and_then(|row| row.query_selector("code").ok().flatten()) {
                boot::select(&code);
            }
            feedback.failed(FnError::new("clipboard", REFUSED));
            "Copy by hand: selected"
        };
        let _ = copied.try_set(words);
        // An element takes every attribute with a valid name.
        let _ = button.set_attribute("data-said", words);
        answer.start(ANSWER_MS, move || {
            let _ = copied.try_set("");
            let _ = button.remove_attribute("data-said");
        });
    });
}

/// Moves the focus back to the row that had it, if other rows around it made it lose the focus.
fn keep_focus(ids: Memo<Vec<String>>) {
    let row = StoredValue::new(None::<String>);
    effect(move || {
        let enter = window_event_listener(leptos::ev::focusin, move |event| {
            let focused = target(&event).and_then(|target| target.closest("tbody tr").ok()?);
            row.set_value(focused.map(|row| row.id()));
        });
        on_cleanup(move || enter.remove());
    });
    effect(move || {
        ids.track();
        request_animation_frame(move || {
            if browser::focus_is_lost()
                && let Some(id) = row.try_get_value().flatten()
            {
                boot::focus_row(&id);
            }
        });
    });
}

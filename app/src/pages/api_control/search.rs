//! The search of the table, and its order where the columns' heads do not fit. The page of a browser without script has
//! a button for both.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::list::{Column, ListQuery, Show, Sort};
use shared::pasted::pasted_secret;
use shared::status::Status;
use shared::view::Which;

use super::address::address;
use crate::client::call::call;
use crate::client::timers::Delay;
use crate::keys::key_actions::LIST;
use crate::server_fns::keys::WhichKey;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, reactive};
use crate::ui::toasts::Feedback;

/// The pause in typing before a search starts.
const TYPING_MS: u32 = 250;

/// The form of the search.
pub fn search(query: Memo<ListQuery>) -> AnyView {
    let navigate = use_navigate();
    let input = NodeRef::<html::Input>::new();
    let order = NodeRef::<html::Select>::new();
    let typing = Delay::new();
    let feedback = Feedback::get();
    let searched = StoredValue::new(query.with_untracked(|query| query.search.clone()));

    let go = move |replace: bool| {
        typing.stop();
        let (Some(input), Some(order)) = (input.get_untracked(), order.get_untracked()) else {
            return;
        };
        if !keeps_secrets_out(&input, feedback) {
            return;
        }
        let wanted = query.with_untracked(|query| ListQuery {
            status: query.status,
            show: query.show,
            ..ListQuery::parse(&input.value(), "", "", &order.value(), "")
        });
        searched.set_value(wanted.search.clone());
        if query
            .with_untracked(|query| (&query.search, query.sort) != (&wanted.search, wanted.sort))
        {
            navigate(
                &address(&wanted),
                NavigateOptions {
                    replace,
                    scroll: false,
                    ..NavigateOptions::default()
                },
            );
        }
    };
    // The Back button and links change the address. Text that is being typed is never overwritten.
    effect(move || {
        let (search, sort) = query.with(|query| (query.search.clone(), query.sort));
        if searched.get_value() != search
            && let Some(input) = input.get_untracked()
        {
            input.set_value(&search);
            searched.set_value(search);
        }
        if let Some(order) = order.get_untracked() {
            order.set_value(&sort.to_param());
        }
    });

    let first = query.get_untracked();
    let (on_typing, on_order) = (go.clone(), go.clone());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        go(false);
    };
    view! {
        <form class="search" method="get" action=LIST role="search" on:submit=submit>
            <label class="visually-hidden" for="search">
                "Search keys"
            </label>
            <input
                id="search"
                type="search"
                name="q"
                placeholder="Search name, description, access key"
                value=first.search
                autocomplete="off"
                node_ref=input
                on:input=move |_| {
                    if let Some(input) = input.get_untracked() {
                        keeps_secrets_out(&input, feedback);
                    }
                    let go = on_typing.clone();
                    typing.start(TYPING_MS, move || go(true));
                }
            />
            <label class="visually-hidden" for="sort">
                "Sort by"
            </label>
            <select id="sort" name="sort" node_ref=order on:change=move |_| on_order(false)>
                {orders(first.sort)}
            </select>
            {reactive(move || query.with(|query| hidden("status", query.status.map(Status::slug))))}
            {reactive(move || query.with(|query| hidden("show", query.show.map(Show::slug))))}
            <button type="submit" class="button compact">
                {Icon::SEARCH.draw()}
                <span class="visually-hidden">"Search"</span>
            </button>
        </form>
    }
    .into_any()
}

fn hidden(name: &'static str, value: Option<&'static str>) -> Option<AnyView> {
    value.map(|value| view! { <input type="hidden" name=name value=value /> }.into_any())
}

/// Removes a pasted secret key from the search, because the search becomes part of the address, and leaves the access
/// key that came with it. The message tells which key it is. Returns whether anything is left to search for.
fn keeps_secrets_out(input: &web_sys::HtmlInputElement, feedback: Feedback) -> bool {
    let secret = input.value();
    let Some(pasted) = pasted_secret(&secret) else {
        return true;
    };
    input.set_value(pasted.access_key.as_deref().unwrap_or_default());
    feedback.say(shared::pasted::NOT_SEARCHED);
    spawn_local(async move {
        let which = call(WhichKey::PATH, vec![("secret", secret)]).await;
        // Where nothing can be found out, the first message says enough.
        if let Ok(which) = which.and_then(|json| json.read::<Which>()) {
            feedback.say(which.sentence);
        }
    });
    pasted.access_key.is_some()
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

//! Preferences → API Control: the table of keys. The address holds search, filter, order and page.

mod address;
mod pager;

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::list::{Column, ListQuery, Show, Sort};
use shared::pasted::{NOT_SEARCHED, pasted_secret};
use shared::status::Status;
use shared::view::{Counts, KeyPage, KeyView};

use self::address::address;
use self::pager::pager;
use crate::client::call;
use crate::client::timers::Delay;
use crate::keys::key_actions::{LIST, NEW_KEY, create_key_link, key_path, row_actions};
use crate::server_fns::keys::ListKeys;
use crate::ui::answer::answered;
use crate::ui::clock::ticking;
use crate::ui::copy::CopyButton;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::toasts::Feedback;
use crate::ui::{moment, status};

/// The pause in typing before a search starts.
const TYPING_MS: u32 = 250;

#[component]
pub fn ApiControlPage() -> impl IntoView {
    let params = use_query_map();
    let query = memo(move || {
        params.with(|params| {
            let param = |name| params.get_str(name).unwrap_or_default();
            ListQuery::parse(
                param("q"),
                param("status"),
                param("show"),
                param("sort"),
                param("page"),
            )
        })
    });
    let revision = Feedback::get().revision;
    let fields = move || {
        let query = query.get();
        let status = query.status.map(Status::slug).unwrap_or_default();
        vec![
            ("q", query.search),
            ("status", status.to_owned()),
            (
                "show",
                query.show.map(Show::slug).unwrap_or_default().to_owned(),
            ),
            ("sort", query.sort.to_param()),
            ("page", query.page.to_string()),
        ]
    };
    let keys = call::query::<ListKeys>(fields, Some(revision));
    view! {
        <PageHead title="API Control" action=create_key_link() />
        {done_note()}
        <p class="lead">
            "The keys that your programs use to call the API. "
            <a href="/developers">"How to use them"</a>
        </p>
        {search(query)}
        {answered(keys, move |page| content(page, query.get_untracked()))}
    }
    .into_any()
}

/// Search, order, and the button that applies them without JavaScript.
fn search(query: Memo<ListQuery>) -> AnyView {
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
        let (status, show) = query.with_untracked(|query| (query.status, query.show));
        let wanted = ListQuery {
            status,
            show,
            ..ListQuery::parse(&input.value(), "", "", &order.value(), "")
        };
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
            {reactive(move || query.with(|query| query.status).map(|status| view! { <input type="hidden" name="status" value=status.slug() /> }))}
            <button type="submit" class="button">
                {Icon::SEARCH.draw()}
                "Search"
            </button>
        </form>
    }
    .into_any()
}

/// Removes a pasted secret key from the search, because the search becomes part of the address, and leaves the access
/// key that came with it. Returns whether anything is left to search for.
fn keeps_secrets_out(input: &web_sys::HtmlInputElement, feedback: Feedback) -> bool {
    let Some(pasted) = pasted_secret(&input.value()) else {
        return true;
    };
    input.set_value(pasted.access_key.as_deref().unwrap_or_default());
    feedback.say(NOT_SEARCHED);
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

fn content(page: KeyPage, query: ListQuery) -> AnyView {
    let filters = filters(page.counts, &query);
    let body = if page.keys.is_empty() {
        empty(page.counts, &query)
    } else {
        table(page, query)
    };
    view! {
        {filters}
        {body}
    }
    .into_any()
}

fn filters(counts: Counts, query: &ListQuery) -> AnyView {
    let filter = |status: Option<Status>, label: &'static str, count: i64| {
        let href = address(&ListQuery {
            status,
            page: 1,
            ..query.clone()
        });
        view! {
            <li>
                <a href=href data-noscroll aria-current=(query.status == status).then_some("true")>
                    {label}
                    " "
                    <span class="count">{count}</span>
                </a>
            </li>
        }
        .into_any()
    };
    let all = filter(None, "All", counts.total());
    let each = Status::ALL.map(|status| filter(Some(status), status.label(), counts.of(status)));
    view! {
        <nav class="filters" aria-label="Filter by status">
            <ul>{all} {each.collect_view()}</ul>
        </nav>
    }
    .into_any()
}

fn empty(counts: Counts, query: &ListQuery) -> AnyView {
    if query.search.is_empty() && counts.total() == 0 {
        return view! {
            <section class="empty">
                {Icon::KEY.draw()} <h2>"No keys yet"</h2>
                <p>"Create one for each program, so that you can expire it without touching the others."</p>
                <a class="button primary" href=NEW_KEY>
                    "Create your first key"
                </a>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="empty">
            {Icon::SEARCH.draw()} <h2>"No key matches"</h2>
            <p>"Search covers names, descriptions and access keys."</p>
            <a class="button" href=LIST>
                "Show all keys"
            </a>
        </section>
    }
    .into_any()
}

fn table(page: KeyPage, query: ListQuery) -> AnyView {
    let now = ticking(page.now);
    let window = page.window;
    let pager = pager(&page, &query);
    view! {
        <table class="keys">
            <caption class="visually-hidden">"Your API keys. Dates are in " {page.time_zone.clone()} "."</caption>
            <thead>
                <tr>
                    {Column::ALL.map(|column| head(column, &query)).collect_view()}
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>{page.keys.into_iter().map(|key| row(key, now, window)).collect_view()}</tbody>
        </table>
        {pager}
        <p class="zone">"All dates are in " {page.time_zone} ". " <a href="/preferences/account">"Change"</a></p>
    }
    .into_any()
}

fn head(column: Column, query: &ListQuery) -> AnyView {
    let sorted = query.sort.column == column;
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
        <th scope="col" aria-sort=direction.map(|(word, _)| word)>
            <a href=href data-noscroll>
                {column.label()}
                {direction.map(|(_, icon)| icon.draw())}
            </a>
        </th>
    }
    .into_any()
}

fn row(key: KeyView, now: Signal<i64>, window: i64) -> AnyView {
    let state = status::of(&key, now, window);
    let actions = row_actions(&key, state);
    fresh(view! {
        <tr>
            <th scope="row">
                <a href=key_path(&key.access_key)>
                    <bdi>{key.name}</bdi>
                </a>
                {(!key.description.is_empty())
                    .then(|| {
                        view! {
                            <span class="description">
                                <bdi>{key.description}</bdi>
                            </span>
                        }
                    })}
            </th>
            <td class="access" data-label="Access key">
                <span class="together">
                    <code>{key.access_key.clone()}</code>
                    <CopyButton text=key.access_key what="access key" compact=true />
                </span>
            </td>
            <td data-label="Status">{status::pill(state)}</td>
            <td data-label="Created">{moment::when(key.created, now)}</td>
            <td data-label="Expires">{moment::expiration(key.expires, now)}</td>
            <td class="used" data-label="Last used">{moment::last_use(key.used, now)}</td>
            <td class="last">{actions}</td>
        </tr>
    })
}

//! Preferences → API Control: the table of keys. The address holds search, filters, order and page.

mod actions;
mod address;
mod bulk_bar;
mod chosen;
mod delete_dialog;
mod filters;
mod pager;
mod row;
mod search;
mod sparkline;
mod table;
mod view_menu;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_query_map;
use shared::list::{ListQuery, Show};
use shared::status::Status;
use shared::view::{Counts, KeyPage};

use self::actions::Actions;
use self::chosen::Chosen;
use crate::client::boot;
use crate::client::call;
use crate::keys::key_actions::{LIST, NEW_KEY, create_key_link};
use crate::server_fns::keys::{BulkKeys, ListKeys};
use crate::ui::answer::{kept, problem};
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::hydrated::Hydrated;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, flag, fresh, memo, reactive};
use crate::ui::toasts::Feedback;

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
        let mut fields = filter_fields(&query);
        fields.push(("sort", query.sort.to_param()));
        fields.push(("page", query.page.to_string()));
        fields
    };
    let keys = call::query::<ListKeys>(fields, Some(revision));
    // The query whose answer is on the page: until the next one arrives, the rows are dimmed.
    let answered = RwSignal::new(query.get_untracked());
    effect(move || {
        if !keys.is_loading() {
            answered.set(query.get_untracked());
        }
    });
    let pending = memo(move || query.with(|query| answered.with(|answered| query != answered)));
    let actions = Actions::new(Chosen::new(BulkKeys::PATH, query), query);
    view! {
        <PageHead title="API Control" action=head_actions() />
        {done_note()}
        <div class="progress" class:going=pending aria-hidden="true"></div>
        <div class="list" class:settling=move || actions.settling.is_held() aria-busy=flag(move || pending.get())>
            {search::search(query)}
            {kept(keys, |_| String::new(), move |page| content(page, query, actions), problem)}
        </div>
    }
    .into_any()
}

/// The fields of a query that choose keys, as the server functions and the export name them.
fn filter_fields(query: &ListQuery) -> call::Fields {
    let status = query.status.map(Status::slug).unwrap_or_default();
    let show = query.show.map(Show::slug).unwrap_or_default();
    vec![
        ("q", query.search.clone()),
        ("status", status.to_owned()),
        ("show", show.to_owned()),
    ]
}

fn head_actions() -> AnyView {
    view! {
        <div class="row">
            <a href="/developers" rel="external">"How to use keys"</a>
            {create_key_link()}
        </div>
    }
    .into_any()
}

fn content(page: Memo<KeyPage>, query: Memo<ListQuery>, actions: Actions) -> AnyView {
    if Hydrated::get().get_untracked() {
        // One came back to this page: the rows are there with the next frame.
        effect(|| request_animation_frame(boot::return_to_place));
    }
    let instant = move |page: &KeyPage| actions.as_of.set(page.now);
    page.with_untracked(instant);
    effect(move || page.with(instant));
    let total = memo(move || {
        let status = query.with(|query| query.status);
        page.with(|page| total(page.counts, status))
    });
    let none = memo(move || page.with(|page| page.keys.is_empty()));
    // The position is that of the answer, which comes after the query.
    let pages = move || page.with(|page| query.with_untracked(|query| pager::pager(page, query)));
    let body = move || {
        if none.get() {
            reactive(move || query.with(|query| page.with(|page| empty(page.counts, query))))
        } else {
            view! {
                {table::table(page, query, actions)}
                {reactive(pages)}
            }
            .into_any()
        }
    };
    view! {
        {filters::filters(page, query)}
        {view_menu::view_menu(page, query)}
        {filters::chips(query)}
        {bulk_bar::bulk_bar(page, query, total, actions)}
        <p class="visually-hidden" role="status">
            {reactive(move || fresh(view! { <span>{counted(total.get())}</span> }))}
        </p>
        {reactive(body)}
    }
    .into_any()
}

/// Returns the number of keys that a query finds. The counts are those before the filter by status.
fn total(counts: Counts, status: Option<Status>) -> i64 {
    status.map_or(counts.total(), |status| counts.of(status))
}

/// "1 key", "20 keys".
fn counted(keys: i64) -> String {
    if keys == 1 {
        "1 key".to_owned()
    } else {
        keys.to_string() + " keys"
    }
}

fn empty(counts: Counts, query: &ListQuery) -> AnyView {
    if query.search.is_empty() && query.show.is_none() && counts.total() == 0 {
        return view! {
            <section class="empty">
                {Icon::KEY.draw()} <h2>"No keys yet"</h2>
                <p>
                    "Your programs call the API with a key. Create one for each program, so that you can expire it without touching the others."
                </p>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_that_of_the_filter() {
        let counts = Counts {
            active: 61,
            expiring_soon: 7,
            expired: 52,
        };
        assert_eq!(total(counts, None), 120);
        assert_eq!(total(counts, Some(Status::Expired)), 52);
        assert_eq!(counted(0), "0 keys");
        assert_eq!(counted(1), "1 key");
        assert_eq!(counted(52), "52 keys");
    }
}

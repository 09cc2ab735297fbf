//! The Dashboard: the keys that need attention, the first steps of a new account, the expirations ahead and the latest
//! calls.

mod ahead;
mod needs_you;
mod sentence;
mod snooze;
mod steps;

use leptos::prelude::*;
use shared::usage::grouped;
use shared::view::overview::{Overview, RefusedKey};

use crate::account::{account_notes, address};
use crate::client::call::query;
use crate::keys::calls;
use crate::keys::key_actions::{NEW_KEY, create_key_link, key_path};
use crate::server_fns::overview::ShowOverview;
use crate::ui::answer::{kept, problem};
use crate::ui::clock::ticking;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{memo, reactive};
use crate::ui::toasts::Feedback;

#[component]
pub fn DashboardPage() -> impl IntoView {
    let revision = Feedback::get().revision;
    let overview = query::<ShowOverview>(Vec::new, Some(revision));
    view! {
        <PageHead title="Dashboard" action=create_key_link() />
        {done_note()}
        {kept(overview, |overview| (overview.counts.total() == 0).to_string(), content, problem)}
    }
    .into_any()
}

fn content(overview: Memo<Overview>) -> AnyView {
    let first = overview.get_untracked();
    let now = ticking(first.now);
    let claim = memo(move || overview.with(|overview| overview.claim.clone()));
    let claim = move || claim.get().map(account_notes::claim);
    let address = memo(move || overview.with(|overview| overview.address.clone()));
    let (steps, open) = steps::first_steps(overview, address);
    // While it is one of the first steps, it is asked for there.
    let note = move || {
        let asked_there = open.get() && address.with(|address| !address.confirmed);
        (!asked_there).then(|| address::note(&address.get()))
    };
    let keys = if first.counts.total() == 0 {
        no_keys()
    } else {
        view! {
            {needs_you::banner(overview, first, now)}
            {snooze::snoozed(overview, now)}
            {steps}
            {reactive(move || rest(overview.get(), now))}
        }
        .into_any()
    };
    view! {
        {reactive(claim)}
        {reactive(note)}
        {keys}
    }
    .into_any()
}

fn no_keys() -> AnyView {
    view! {
        <section class="empty">
            {Icon::KEY.draw()} <h2>"No keys yet"</h2>
            <p>
                "A key lets a program call your API. Create one for each program, so that you can expire it without touching the others."
            </p> <a class="button primary" href=NEW_KEY>"Create your first key"</a>
        </section>
    }
    .into_any()
}

/// The page below the banner.
fn rest(overview: Overview, now: Signal<i64>) -> AnyView {
    let chart = calls::chart(overview.calls, "in the last 14 days");
    let refused = refused(overview.refused);
    view! {
        <section class="card wide" aria-labelledby="ahead-title">
            <h2 id="ahead-title">"Next 12 months"</h2>
            {ahead::months(overview.ahead, overview.upcoming, now, overview.window)}
        </section>
        <section class="card wide" aria-labelledby="calls-title">
            <h2 id="calls-title">"Calls, last 14 days"</h2>
            <div class="halves">{chart} {refused}</div>
        </section>
        <p class="zone">"All dates are in " {overview.time_zone} ". " <a href="/preferences/account" rel="external">"Change"</a></p>
    }
    .into_any()
}

/// The keys with the most refused calls.
fn refused(keys: Vec<RefusedKey>) -> Option<AnyView> {
    if keys.is_empty() {
        return None;
    }
    let line = |key: RefusedKey| {
        view! {
            <li>
                <a href=key_path(&key.access_key)>
                    <bdi>{key.name}</bdi>
                </a>
                <span>{grouped(key.calls)} " refused"</span>
            </li>
        }
        .into_any()
    };
    let keys: Vec<AnyView> = keys.into_iter().map(line).collect();
    Some(
        view! {
            <div>
                <h3 id="refused-title">"Refused calls by key"</h3>
                <ul class="lines" aria-labelledby="refused-title">
                    {keys}
                </ul>
            </div>
        }
        .into_any(),
    )
}

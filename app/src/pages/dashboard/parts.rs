//! The Dashboard's parts as HTML.

mod ahead;
mod notes;
mod sentence;
mod snooze;
mod steps;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::usage::grouped;
use shared::view::KeyView;
use shared::view::overview::{Attention, Dashboard, Line, Overview, RefusedKey};

use crate::forms::form_replay::Replay;
use crate::keys::calls;
use crate::keys::key_actions::{NEW_KEY, key_path};
use crate::server_fns::account::SavePreferences;
use crate::server_fns::keys::CreateKey;
use crate::server_fns::overview::SnoozeKey;
use crate::ui::icon::Icon;
use crate::ui::served::html;
use crate::ui::standing::offers;

/// What a part needs besides the overview.
pub struct Rendering<'a> {
    /// Where the line to try calls.
    pub try_url: &'a str,
    /// The rows on a page of the account's table of keys.
    pub page_size: u32,
    /// The refused form that is being answered.
    pub replay: Option<Replay>,
}

/// Renders the Dashboard.
pub fn dashboard(overview: Overview, rendering: &Rendering<'_>) -> Dashboard {
    let (tone, sentence) = sentence::worst(overview.alarms, overview.window);
    let steps = overview
        .steps
        .clone()
        .filter(|_| overview.counts.total() > 0 && steps::are_offered());
    // While it is one of the first steps, it is asked for there.
    let own = overview.address.as_ref();
    let asked_there = steps.is_some() && own.is_some_and(|own| !own.confirmed);
    let address = own.filter(|_| !asked_there).map(notes::address);
    let claim = overview.claim.as_ref().map(notes::claim);
    let notes: Vec<AnyView> = claim.into_iter().chain(address.flatten()).collect();
    let lines = overview.attention.iter().map(
        |Attention {
             key,
             failing,
             expired_by,
         }| Line {
            key: key.clone(),
            failing: failing.clone(),
            expired_by: expired_by.clone(),
            offers: key.offers.clone(),
            menu: html(offers(SnoozeKey::PATH).then(|| snooze::menu(key, &overview, rendering))),
        },
    );
    Dashboard {
        now: overview.now,
        window: overview.window,
        next: overview.upcoming.first().and_then(KeyView::expires_at),
        alarms: overview.alarms,
        tone: tone.to_owned(),
        sentence,
        attention: lines.collect(),
        waits: steps.as_ref().is_some_and(|steps| !steps.called),
        notes: html((!notes.is_empty()).then(|| notes.into_any())),
        more: html(sentence::links(&overview)),
        put_off: html(snooze::put_off(&overview.snoozed)),
        steps: html(steps.map(|steps| steps::list(&steps, own, rendering.try_url))),
        snoozed: overview.snoozed.clone(),
        rest: html(Some(if overview.counts.total() == 0 {
            no_keys()
        } else {
            rest(overview, rendering.page_size)
        })),
    }
}

fn no_keys() -> AnyView {
    view! {
        <section class="empty">
            {Icon::KEY.draw()} <h2>"No keys yet"</h2>
            <p>
                "A key lets a program call your API. Create one for each program, so that you can expire it without touching the others."
            </p>
            {offers(CreateKey::PATH).then(|| view! { <a class="button" href=NEW_KEY>"Create your first key"</a> })}
        </section>
    }
    .into_any()
}

/// The months ahead and the latest calls.
fn rest(overview: Overview, page_size: u32) -> AnyView {
    let before = ahead::Before {
        keys: overview.counts.expired,
        page_size,
    };
    let change = offers(SavePreferences::PATH).then(|| {
        view! { <a href="/preferences/account" rel="external">"Change"</a> }
    });
    let chart = calls::chart(overview.calls, "in the last 14 days");
    let refused = refused(overview.refused, overview.refused_deleted);
    view! {
        <section class="card wide" aria-labelledby="ahead-title">
            <h2 id="ahead-title">"Expirations, next 12 months"</h2>
            {ahead::months(&overview.ahead, overview.upcoming, before, overview.now)}
        </section>
        <section class="card wide" aria-labelledby="calls-title">
            <h2 id="calls-title">"Calls, last 14 days"</h2>
            <div class="halves">{chart} {refused}</div>
        </section>
        <p class="zone">
            "All dates are in " {overview.time_zone} ". " {change}
        </p>
    }
    .into_any()
}

/// The keys with the most refused calls, and the calls of keys that are deleted.
fn refused(keys: Vec<RefusedKey>, deleted: i64) -> Option<AnyView> {
    if keys.is_empty() && deleted == 0 {
        return None;
    }
    let line = |key: RefusedKey| {
        view! {
            <li>
                <a href=key_path(&key.access_key) title=key.name.clone()>
                    <bdi>{key.name.clone()}</bdi>
                </a>
                <span>{grouped(key.calls)} " refused"</span>
            </li>
        }
        .into_any()
    };
    let keys: Vec<AnyView> = keys.into_iter().map(line).collect();
    let deleted = (deleted > 0).then(|| {
        view! {
            <li>
                <span>"Deleted keys"</span>
                <span>{grouped(deleted)} " refused"</span>
            </li>
        }
        .into_any()
    });
    Some(
        view! {
            <div>
                <h3 id="refused-title">"Refused calls by key"</h3>
                <ul class="lines" aria-labelledby="refused-title">
                    {keys} {deleted}
                </ul>
            </div>
        }
        .into_any(),
    )
}

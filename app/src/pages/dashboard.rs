//! The Dashboard: expiring keys and their extension, counts of keys, and the next expirations.

use leptos::prelude::*;
use shared::DAY_MS;
use shared::status::Status;
use shared::view::{Alarms, Attention, Counts, KeyView, Overview};

use crate::account::{account_notes, address};
use crate::client::call::query;
use crate::keys::calls;
use crate::keys::extend::{Line, extend};
use crate::keys::key_actions::{LIST, NEW_KEY, create_key_link, key_path};
use crate::keys::time_line::TimeLine;
use crate::server_fns::overview::ShowOverview;
use crate::ui::answer::{kept, problem};
use crate::ui::clock::ticking;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, memo, reactive};
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;
use crate::ui::{moment, status};

#[component]
pub fn DashboardPage() -> impl IntoView {
    let revision = Feedback::get().revision;
    let overview = query::<ShowOverview>(Vec::new, Some(revision));
    view! {
        <PageHead title="Dashboard" action=create_key_link() />
        {kept(overview, |overview| (overview.counts.total() == 0).to_string(), content, problem)}
    }
    .into_any()
}

fn content(overview: Memo<Overview>) -> AnyView {
    let now = ticking(overview.with_untracked(|overview| overview.now));
    let claim = memo(move || overview.with(|overview| overview.claim.clone()));
    let claim = move || claim.get().map(account_notes::claim);
    let address = memo(move || overview.with(|overview| overview.address.clone()));
    let address = move || address::note(&address.get());
    view! {
        {reactive(claim)}
        {reactive(address)}
        {keys(overview, now)}
    }
    .into_any()
}

fn keys(overview: Memo<Overview>, now: Signal<i64>) -> AnyView {
    let first = overview.get_untracked();
    if first.counts.total() == 0 {
        return view! {
            <section class="empty">
                {Icon::KEY.draw()} <h2>"No keys yet"</h2>
                <p>
                    "A key lets a program call your API. Create one for each program, so that you can expire it without touching the others."
                </p> <a class="button primary" href=NEW_KEY>"Create your first key"</a>
            </section>
        }
        .into_any();
    }
    view! {
        {banner(overview, first, now)}
        {reactive(move || rest(overview.get(), now))}
    }
    .into_any()
}

/// The page below the banner.
fn rest(mut overview: Overview, now: Signal<i64>) -> AnyView {
    let calls = calls::chart(std::mem::take(&mut overview.calls), "in the last 14 days");
    view! {
        {tiles(overview.counts)}
        <div class="columns">
            <section class="card" aria-labelledby="next-title">
                <h2 id="next-title">"Next expirations"</h2>
                {next(overview.clone(), now)}
            </section>
            <section class="card" aria-labelledby="newest-title">
                <h2 id="newest-title">"Newest keys"</h2>
                <ul class="newest">
                    {overview
                        .newest
                        .into_iter()
                        .map(|key| newest(key, now, overview.window))
                        .collect_view()}
                </ul>
                <p>
                    <a href=LIST>"All keys"</a>
                </p>
            </section>
            <section class="card whole" aria-labelledby="calls-title">
                <h2 id="calls-title">"Calls, last 14 days"</h2>
                {calls}
            </section>
        </div>
        <p class="zone">"All dates are in " {overview.time_zone} "."</p>
    }
    .into_any()
}

/// The keys that have expired or will soon, most urgent first, as of the `first` answer: lines neither leave nor enter
/// while the page is open, so that nothing moves under the pointer. A key that expires while the page is open turns the
/// banner from amber to red.
fn banner(overview: Memo<Overview>, first: Overview, now: Signal<i64>) -> Option<AnyView> {
    if first.attention.is_empty() {
        return None;
    }
    let window = first.window;
    let counts = memo(move || overview.with(|overview| counts(overview, now.get())));
    let sentence = memo(move || sentence(counts.get(), window));
    let more = more(&first);
    let settling = Settling::new();
    let keys = first
        .attention
        .into_iter()
        .map(|one| attention(one, overview, now, settling))
        .collect_view();
    Some(
        view! {
            <section
                class="banner"
                class:red=move || counts.get().0 != 0
                role="status"
                aria-label="Keys that need attention"
                data-testid="expiry-banner"
            >
                <h2>
                    {Icon::WARNING.draw()}
                    <span>{sentence}</span>
                </h2>
                <ul>{keys}</ul>
                {(more > 0)
                    .then(|| {
                        view! {
                            <p>
                                <a href="/preferences/api-control?sort=expires">{format!("{more} more")}</a>
                            </p>
                        }
                    })}
            </section>
        }
        .into_any(),
    )
}

/// Counts the alarms for which the banner has no line.
fn more(overview: &Overview) -> i64 {
    let shown = overview.attention.iter().filter(|one| !one.calm).count();
    let Alarms { expired, soon } = overview.alarms;
    expired + soon - i64::try_from(shown).unwrap_or_default()
}

/// Counts the keys that have expired and those that will soon, from the answer on as time passes.
fn counts(overview: &Overview, now: i64) -> (i64, i64) {
    let since = overview
        .attention
        .iter()
        .filter_map(|one| one.key.expires_at())
        .filter(|end| (overview.now + 1..=now).contains(end))
        .count();
    let since = i64::try_from(since).unwrap_or_default();
    let Alarms { expired, soon } = overview.alarms;
    (expired + since, (soon - since).max(0))
}

fn sentence((expired, soon): (i64, i64), window: i64) -> String {
    let have_expired = match expired {
        1 => "1 key has expired".to_owned(),
        many => format!("{many} keys have expired"),
    };
    let will_expire = match soon {
        1 => "1 key expires".to_owned(),
        many => format!("{many} keys expire"),
    };
    let days = match window / DAY_MS {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    };
    match (expired, soon) {
        (0, 0) => "No keys need attention.".to_owned(),
        (0, _) => format!("{will_expire} within the next {days}."),
        (_, 0) => format!("{have_expired} and cannot be used."),
        _ => format!("{have_expired}, and {will_expire} within the next {days}."),
    }
}

fn attention(
    Attention { key, failing, .. }: Attention,
    overview: Memo<Overview>,
    now: Signal<i64>,
    settling: Settling,
) -> AnyView {
    let line = Line::of(&key, settling);
    let access_key = key.access_key.clone();
    effect(move || {
        overview.with(|overview| {
            let mut keys = overview.attention.iter().map(|one| &one.key);
            if let Some(key) = keys.find(|key| key.access_key == access_key) {
                line.update(key);
            }
        });
    });
    let state = line.status(now, overview.with_untracked(|overview| overview.window));
    let expired = memo(move || state.get() == Status::Expired);
    let what = move || {
        let failing = failing.clone().filter(|_| expired.get());
        match (failing, line.expires.get()) {
            (Some(failing), Some(end)) => view! {
                <span class="alarm">{Icon::STOP.draw()} " expired " {moment::ago(end, now)} "; " {calls::alarm(failing, now)}</span>
            }
            .into_any(),
            (_, end) => view! {
                {status::pill(state)}
                {moment::expiration(end, now)}
            }
            .into_any(),
        }
    };
    view! {
        <li>
            <div class="what">
                <a href=key_path(&key.access_key)>
                    <bdi>{key.name.clone()}</bdi>
                </a>
                " "
                {reactive(what)}
            </div>
            {extend(line, key.access_key, key.name, state)}
        </li>
    }
    .into_any()
}

fn tiles(counts: Counts) -> AnyView {
    let tile = |state: Status| {
        view! {
            <li>
                <a
                    class=format!("tile {}", status::class(state))
                    href=format!("/preferences/api-control?status={}", state.slug())
                >
                    {status::icon(state).draw()}
                    <strong>{counts.of(state)}</strong>
                    <span>{state.label()}</span>
                </a>
            </li>
        }
    };
    view! { <ul class="tiles" aria-label="Keys by status">{Status::ALL.map(tile).collect_view()}</ul> }.into_any()
}

fn next(overview: Overview, now: Signal<i64>) -> AnyView {
    if overview.upcoming.is_empty() {
        return view! { <p class="muted">"No active key has an expiration."</p> }.into_any();
    }
    view! { <TimeLine overview=overview now=now /> }.into_any()
}

fn newest(key: KeyView, now: Signal<i64>, window: i64) -> AnyView {
    let state = status::of(&key, now, window);
    view! {
        <li>
            <a href=key_path(&key.access_key)>
                <bdi>{key.name}</bdi>
            </a>
            {status::pill(state)}
            <code>{key.access_key}</code>
            <span class="muted">"Created " {moment::distance(key.created.at, now)}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    const ALARMS: Alarms = Alarms {
        expired: 1,
        soon: 3,
    };

    /// Keys that expire in view move from one count to the other at their very instant.
    #[test]
    fn the_counts_follow_the_clock() {
        let banner = [Some(900), Some(1001), Some(1005), Some(2000), None].map(|end| (end, false));
        let overview = samples::overview(ALARMS, &banner);
        for (now, expected) in [
            (1000, (1, 3)),
            (1001, (2, 2)),
            (1004, (2, 2)),
            (1005, (3, 1)),
            (2000, (4, 0)),
            (i64::MAX, (4, 0)),
        ] {
            assert_eq!(counts(&overview, now), expected, "at {now}");
        }
    }

    /// The answer has counted what had expired when it was given, at the very instant too.
    #[test]
    fn nothing_is_counted_twice() {
        let overview = samples::overview(ALARMS, &[(Some(1000), false)]);
        assert_eq!(counts(&overview, 1500), (1, 3));
    }

    /// A later answer can count fewer keys than the first one had lines.
    #[test]
    fn no_count_is_negative() {
        let none = Alarms {
            expired: 0,
            soon: 0,
        };
        let overview = samples::overview(none, &[(Some(1001), false)]);
        assert_eq!(counts(&overview, 1001), (1, 0));
    }

    #[test]
    fn calm_keys_are_not_among_the_alarms() {
        let end = Some(1001);
        let lines = [(end, false), (end, false), (end, true)];
        assert_eq!(more(&samples::overview(ALARMS, &lines)), 2);
        assert_eq!(more(&samples::overview(ALARMS, &[(end, false); 4])), 0);
    }

    #[test]
    fn the_sentence_agrees_with_its_numbers() {
        for ((expired, soon), text) in [
            ((0, 0), "No keys need attention."),
            ((0, 1), "1 key expires within the next 14 days."),
            ((0, 2), "2 keys expire within the next 14 days."),
            ((1, 0), "1 key has expired and cannot be used."),
            ((3, 0), "3 keys have expired and cannot be used."),
            (
                (1, 1),
                "1 key has expired, and 1 key expires within the next 14 days.",
            ),
            (
                (2, 5),
                "2 keys have expired, and 5 keys expire within the next 14 days.",
            ),
        ] {
            assert_eq!(sentence((expired, soon), 14 * DAY_MS), text);
        }
        assert_eq!(
            sentence((0, 1), DAY_MS),
            "1 key expires within the next day."
        );
    }
}

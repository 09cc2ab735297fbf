//! The banner: the keys that need attention, each with ways to extend or snooze it there.

use leptos::prelude::*;
use shared::status::Status;
use shared::view::overview::{Attention, Overview};

use super::sentence::{More, counts, more, sentence};
use super::snooze;
use crate::keys::calls;
use crate::keys::extend::{Line, extend};
use crate::keys::key_actions::key_path;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;
use crate::ui::{moment, status};

/// The keys that need attention, most urgent first, as of the `first` answer: lines neither leave nor enter while the
/// page is open, so that nothing moves under the pointer. A key that expires while the page is open turns the banner from
/// amber to red. Only the sentence is announced: the lines have forms in them.
pub fn banner(overview: Memo<Overview>, first: Overview, now: Signal<i64>) -> Option<AnyView> {
    if first.attention.is_empty() {
        return None;
    }
    let window = first.window;
    let counts = memo(move || overview.with(|overview| counts(overview, now.get())));
    let sentence = memo(move || sentence(counts.get(), window));
    let red = move || counts.with(|counts| counts.failing + counts.expired > 0);
    let calm = memo(move || counts.with(|counts| counts.total() == 0));
    let icon = move || {
        if calm.get() {
            Icon::CHECK
        } else {
            Icon::WARNING
        }
        .draw()
    };
    let more: Vec<AnyView> = more(&first).into_iter().map(link).collect();
    let more = (!more.is_empty()).then(|| view! { <p class="more">{more}</p> });
    let settling = Settling::new();
    let tomorrow = first.tomorrow;
    let lines: Vec<AnyView> = first
        .attention
        .into_iter()
        .map(|one| line(one, overview, now, &tomorrow, settling))
        .collect();
    Some(
        view! {
            <section
                class="banner"
                class:red=red
                class:calm=calm
                role="status"
                aria-live="off"
                aria-atomic="false"
                aria-label="Keys that need attention"
                data-testid="expiry-banner"
            >
                <h2>
                    {reactive(icon)}
                    <span aria-live="polite">{sentence}</span>
                </h2>
                <ul>{lines}</ul>
                {more}
            </section>
        }
        .into_any(),
    )
}

fn link(more: More) -> AnyView {
    view! { <a href=more.address>{more.text}</a> }.into_any()
}

fn line(
    Attention { key, failing }: Attention,
    overview: Memo<Overview>,
    now: Signal<i64>,
    tomorrow: &str,
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
    let snoozed = RwSignal::new(false);
    let path = key_path(&key.access_key);
    let name = key.name.clone();
    let (access_key, tomorrow) = (key.access_key, tomorrow.to_owned());
    let feedback = Feedback::get();
    let actions = move || {
        feedback.catch_focus();
        let snooze = snooze::Snooze {
            access_key: access_key.clone(),
            name: key.name.clone(),
            snoozed,
            settling,
        };
        if snoozed.get() {
            return fresh(view! { <div class="actions">{snooze.end()}</div> });
        }
        let tomorrow = tomorrow.clone();
        // A key that lasts by now is no alarm to put off.
        let menu = move || {
            (state.get() != Status::Active).then(|| {
                snooze
                    .clone()
                    .menu(line.expires.get(), state.get(), &tomorrow)
            })
        };
        fresh(view! {
            <div class="actions">
                {extend(line, access_key.clone(), key.name.clone(), state)} {reactive(menu)}
            </div>
        })
    };
    view! {
        <li class:done=snoozed>
            <div class="what">
                <a href=path>
                    <bdi>{name}</bdi>
                </a>
                " "
                {reactive(what(failing, line, state, now))}
            </div>
            {reactive(actions)}
        </li>
    }
    .into_any()
}

/// The state of a line's key: its failing callers, or when it expires.
fn what(
    failing: Option<shared::usage::Failing>,
    line: Line,
    state: Memo<Status>,
    now: Signal<i64>,
) -> impl Fn() -> AnyView {
    let expired = memo(move || state.get() == Status::Expired);
    move || {
        let failing = failing.clone().filter(|_| expired.get());
        match (failing, line.expires.get()) {
            (Some(failing), Some(end)) => view! {
                <span class="alarm">
                    {Icon::STOP.draw()} " expired " {moment::ago(end, now)} "; " {calls::alarm(failing, now)}
                </span>
            }
            .into_any(),
            (_, end) => view! {
                {status::pill(state)}
                {moment::expiration(end, now)}
            }
            .into_any(),
        }
    }
}

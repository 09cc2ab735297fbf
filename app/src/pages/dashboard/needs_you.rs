//! The banner: the keys that need attention, each with ways to extend or snooze it there.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::status::Status;
use shared::usage::Failing;
use shared::view::overview::{Dashboard, Line};

use crate::keys::calls;
use crate::keys::extend::{LineState, extend, undo_button};
use crate::keys::key_actions::key_path;
use crate::server_fns::overview::SnoozeKey;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::served::part;
use crate::ui::settling::Settling;
use crate::ui::standing::read_only;
use crate::ui::toasts::{Feedback, Undo};
use crate::ui::{moment, status};

/// The keys that need attention, most urgent first, as of the first answer that has some: lines neither leave nor enter
/// while the page is open, so that nothing moves under the pointer. Only the sentence is announced: the lines have forms
/// in them.
pub fn banner(dashboard: Memo<Dashboard>, now: Signal<i64>, settling: Settling) -> AnyView {
    let first: StoredValue<Vec<Line>> = StoredValue::new(Vec::new());
    let any = memo(move || {
        if first.with_value(Vec::is_empty) {
            first.set_value(dashboard.with(|dashboard| dashboard.attention.clone()));
        }
        !first.with_value(Vec::is_empty)
    });
    reactive(move || {
        any.get()
            .then(|| shown(first.get_value(), dashboard, now, settling))
    })
}

fn shown(
    first: Vec<Line>,
    dashboard: Memo<Dashboard>,
    now: Signal<i64>,
    settling: Settling,
) -> AnyView {
    let text = |of: fn(&Dashboard) -> &String| {
        memo(move || dashboard.with(|dashboard| of(dashboard).clone()))
    };
    let tone = text(|dashboard| &dashboard.tone);
    let sentence = text(|dashboard| &dashboard.sentence);
    let icon = move || {
        if tone.get() == "calm" {
            Icon::CHECK
        } else {
            Icon::WARNING
        }
        .draw()
    };
    let window = dashboard.with_untracked(|dashboard| dashboard.window);
    let lines: Vec<AnyView> = first
        .into_iter()
        .map(|one| line(one, dashboard, now, window, settling))
        .collect();
    view! {
        <section
            class=move || ["banner ", &tone.get()].concat()
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
            {part(text(|dashboard| &dashboard.more))}
        </section>
    }
    .into_any()
}

fn line(
    Line {
        key,
        failing,
        offers,
        ..
    }: Line,
    dashboard: Memo<Dashboard>,
    now: Signal<i64>,
    window: i64,
    settling: Settling,
) -> AnyView {
    let line = LineState::of(&key, offers, settling);
    let (name, access_key) = (key.name, StoredValue::new(key.access_key));
    let is_this = move |other: &str| access_key.with_value(|access_key| access_key == other);
    let text = |of: fn(&Line) -> &String| {
        memo(move || {
            dashboard.with(|dashboard| {
                let mut lines = dashboard.attention.iter();
                lines
                    .find(|line| is_this(&line.key.access_key))
                    .map(|line| of(line).clone())
                    .unwrap_or_default()
            })
        })
    };
    let menu = text(|line| &line.menu);
    let expired_by = text(|line| &line.expired_by);
    let snoozed = memo(move || {
        dashboard.with(|dashboard| {
            let mut snoozed = dashboard.snoozed.iter();
            snoozed
                .find(|key| is_this(&key.access_key))
                .map(|key| key.until.text.clone())
        })
    });
    effect(move || {
        dashboard.with(|dashboard| {
            let mut lines = dashboard.attention.iter();
            if let Some(one) = lines.find(|one| is_this(&one.key.access_key)) {
                line.update(&one.key, &one.offers);
            }
        });
    });
    let state = line.status(now, window);
    let why = move || {
        let shown = state.get() == Status::Expired && expired_by.with(|by| !by.is_empty());
        shown.then(|| view! { <p class="why">{expired_by}</p> }.into_any())
    };
    let feedback = Feedback::get();
    let actions = {
        let name = name.clone();
        move || {
            feedback.catch_focus();
            if read_only() {
                return fresh(view! { <div class="actions"></div> });
            }
            let access_key = access_key.get_value();
            let Some(until) = snoozed.get() else {
                return fresh(view! {
                    <div class="actions">
                        {extend(line, access_key, name.clone(), state)} {part(menu)}
                    </div>
                });
            };
            let undo = Undo {
                path: SnoozeKey::PATH,
                fields: vec![("access_key", access_key), ("until", "now".to_owned())],
                done: String::new(),
            };
            fresh(view! {
                <div class="actions">
                    <span class="muted">"Snoozed until " {until}</span>
                    {undo_button(undo, settling, name.clone())}
                </div>
            })
        }
    };
    view! {
        <li class:done=move || snoozed.with(Option::is_some)>
            <div class="what">
                <a href=key_path(&access_key.get_value()) title=name.clone()>
                    <bdi>{name.clone()}</bdi>
                </a>
                " "
                {reactive(what(failing, line, state, now))}
                {reactive(why)}
            </div>
            {reactive(actions)}
        </li>
    }
    .into_any()
}

/// The state of a line's key: its failing callers, or when it expires.
fn what(
    failing: Option<Failing>,
    line: LineState,
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

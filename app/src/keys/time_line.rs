//! The time line of the next expirations. The list below has the same as text and is the picture's text alternative.

use leptos::prelude::*;
use shared::DAY_MS;
use shared::status::Status;
use shared::view::{KeyView, Overview};

use super::key_actions::key_path;
use crate::ui::moment;
use crate::ui::status;

/// The marks of the scale in days, at equal distances: near expirations have room, and far ones still fit.
const MARKS: [(i64, &str); 6] = [
    (0, "Now"),
    (1, "1 day"),
    (7, "7 days"),
    (30, "30 days"),
    (90, "90 days"),
    (365, "1 year"),
];

/// The line's ends in per mille of the picture's width, with room for labels and for what lies beyond a year.
const START: i64 = 30;
const STEP: i64 = 180;
const BEYOND: i64 = 970;

/// Points closer than this are drawn above each other.
const CROWDED: i64 = 40;

/// Returns the position of a distance from now, in per mille of the width.
fn position(distance: i64) -> i64 {
    for (step, pair) in (0..).zip(MARKS.windows(2)) {
        let (from, to) = (pair[0].0 * DAY_MS, pair[1].0 * DAY_MS);
        if distance <= to {
            return START + STEP * step + STEP * (distance - from).max(0) / (to - from);
        }
    }
    BEYOND
}

fn percent(per_mille: i64) -> String {
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}

#[component]
pub fn TimeLine(overview: Overview, now: Signal<i64>) -> impl IntoView {
    let window = overview.window;
    let mut last = (-CROWDED, 0);
    let points: Vec<_> = overview
        .upcoming
        .iter()
        .zip(1..)
        .map(|(key, number)| {
            let distance = key
                .expires_at()
                .unwrap_or(i64::MAX)
                .saturating_sub(overview.now);
            let at = position(distance);
            let level = if at - last.0 < CROWDED { last.1 + 1 } else { 0 };
            last = (at, level);
            point(
                at,
                level,
                number,
                Status::at(key.expires_at(), overview.now, window),
            )
        })
        .collect();
    let keys = overview
        .upcoming
        .into_iter()
        .map(|key| entry(key, now, window))
        .collect_view();
    view! {
        <figure class="time-line">
            <svg role="img" aria-label="The next expirations between now and a year from now. The list below has the same in words.">
                <rect class="window" x=percent(START) y="24" width=percent(position(window) - START) height="88"></rect>
                <line class="axis" x1=percent(START) x2="100%" y1="112" y2="112"></line>
                {(0..).zip(MARKS).map(|(step, (_, label))| mark(START + STEP * step, label)).collect_view()}
                {points}
            </svg>
            <ol>{keys}</ol>
        </figure>
    }
    .into_any()
}

fn mark(at: i64, label: &'static str) -> AnyView {
    view! {
        <line class="mark" x1=percent(at) x2=percent(at) y1="107" y2="117"></line>
        <text class="label" x=percent(at) y="134">
            {label}
        </text>
    }
    .into_any()
}

fn point(at: i64, level: i64, number: i32, state: Status) -> AnyView {
    let y = 92 - 26 * level.min(3);
    view! {
        <g class=format!("point {}", status::class(state))>
            <line x1=percent(at) x2=percent(at) y1=y y2="112"></line>
            <circle cx=percent(at) cy=y r="11"></circle>
            <text x=percent(at) y=y + 4>
                {number}
            </text>
        </g>
    }
    .into_any()
}

fn entry(key: KeyView, now: Signal<i64>, window: i64) -> AnyView {
    let state = status::of(&key, now, window);
    view! {
        <li>
            <a href=key_path(&key.access_key)>
                <bdi>{key.name}</bdi>
            </a>
            {status::pill(state)}
            {moment::expiration(key.expires, now)}
        </li>
    }
    .into_any()
}

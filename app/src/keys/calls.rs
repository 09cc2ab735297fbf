//! The chart of calls per day: bars, totals, and the same as numbers. Refused calls are hollow bars on top of accepted
//! ones, so that the two differ without colour too.

use leptos::prelude::*;
use shared::usage::{DayCalls, Failing, grouped, still_fail};

use crate::ui::moment;

/// The picture's height and a day's width, in units of its own: the picture stretches to the available width.
const HEIGHT: i64 = 100;
const DAY: i64 = 10;
/// The least height, so that a single refused call is visible beside thousands of accepted ones.
const LEAST: i64 = 4;

/// The chart of these days. `period` names them: "in the last 30 days".
pub fn chart(days: Vec<DayCalls>, period: &str) -> AnyView {
    let (mut accepted, mut refused, mut most, mut busiest) = (0, 0, 0, "");
    for day in &days {
        accepted += day.accepted;
        refused += day.refused;
        if day.accepted + day.refused > most {
            most = day.accepted + day.refused;
            busiest = &day.day;
        }
    }
    if most == 0 {
        return view! { <p class="muted">{format!("No calls {period}.")}</p> }.into_any();
    }
    let summary = format!(
        "Calls per day {period}: {}, most on {busiest} with {}. The numbers are below.",
        counted(accepted, refused),
        grouped(most)
    );
    let height = |calls: i64| match calls {
        0 => 0,
        some => (HEIGHT * some / most).max(LEAST),
    };
    let (mut solid, mut hollow, mut left) = (String::new(), String::new(), 0);
    let (mut hints, mut rows) = (Vec::new(), Vec::new());
    for day in &days {
        let foot = HEIGHT - height(day.accepted);
        solid += &bar(left, HEIGHT, foot);
        hollow += &bar(left, foot, foot - height(day.refused));
        hints.push(hint(day, left));
        if day.accepted + day.refused > 0 {
            rows.push(row(day));
        }
        left += DAY;
    }
    let end = |day: Option<&DayCalls>| day.map(|day| day.day.clone()).unwrap_or_default();
    view! {
        <figure class="calls">
            <p class="totals">
                <span class="accepted">{grouped(accepted)} " accepted"</span>
                <span class="refused">{grouped(refused)} " refused: key expired"</span>
            </p>
            <p class="muted">{grouped(most)}</p>
            <svg viewBox=format!("0 0 {left} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=summary>
                <path class="accepted" d=solid></path>
                <path class="refused" d=hollow></path>
                {hints}
            </svg>
            <p class="muted">
                <span>{end(days.first())}</span>
                <span>{end(days.last())}</span>
            </p>
            <details>
                <summary>"Numbers per day"</summary>
                <table class="plain">
                    <thead>
                        <tr>
                            <th scope="col">"Day"</th>
                            <th scope="col">"Accepted"</th>
                            <th scope="col">"Refused"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </figure>
    }
    .into_any()
}

fn counted(accepted: i64, refused: i64) -> String {
    format!(
        "{} accepted, {} refused",
        grouped(accepted),
        grouped(refused)
    )
}

/// A day's bar, from its foot up to its head, as a part of a path.
fn bar(left: i64, foot: i64, head: i64) -> String {
    if head < foot {
        format!("M{} {foot}V{head}h8V{foot}Z", left + 1)
    } else {
        String::new()
    }
}

/// The tooltip of a day.
fn hint(day: &DayCalls, left: i64) -> AnyView {
    view! {
        <path class="day" d=format!("M{left} 0h{DAY}v{HEIGHT}h-{DAY}Z")>
            <title>{format!("{}: {}", day.day, counted(day.accepted, day.refused))}</title>
        </path>
    }
    .into_any()
}

fn row(day: &DayCalls) -> AnyView {
    view! {
        <tr>
            <th scope="row">{day.day.clone()}</th>
            <td>{grouped(day.accepted)}</td>
            <td>{grouped(day.refused)}</td>
        </tr>
    }
    .into_any()
}

/// "3 callers still fail, last 40 s ago".
pub fn alarm(failing: Failing, now: Signal<i64>) -> AnyView {
    view! {
        <strong>{still_fail(failing.callers)}</strong>
        ", last "
        {moment::ago(failing.last, now)}
    }
    .into_any()
}

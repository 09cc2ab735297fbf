//! The calls of a key in the last 30 days, as a small chart in its row.

use leptos::prelude::*;
use shared::usage::{Sparkline, grouped};

/// A day's bar from the foot of the chart, and the way to the next day, by the day's digit.
const BARS: [&str; 10] = [
    "m2 0",
    "v-2v2m2 0",
    "v-4v4m2 0",
    "v-6v6m2 0",
    "v-8v8m2 0",
    "v-10v10m2 0",
    "v-12v12m2 0",
    "v-14v14m2 0",
    "v-16v16m2 0",
    "v-18v18m2 0",
];

/// The chart, with its numbers as tooltip and for screen readers.
pub fn sparkline(calls: &Sparkline) -> AnyView {
    let numbers = numbers(calls);
    let hint = numbers.clone();
    view! {
        <span class="sparkline" title=hint>
            <svg viewBox="0 0 60 20" aria-hidden="true" focusable="false">
                <path class="foot" d="M0 19.5h60"></path>
                <path d=path(&calls.days)></path>
            </svg>
            <span class="visually-hidden">{numbers}</span>
        </span>
    }
    .into_any()
}

fn path(days: &str) -> String {
    let mut path = "M1 19".to_owned();
    for digit in days.bytes() {
        let bar = BARS.get(usize::from(digit.wrapping_sub(b'0')));
        path += bar.copied().unwrap_or(BARS[0]);
    }
    path
}

/// "1,204 calls in 30 days, 3 refused".
fn numbers(calls: &Sparkline) -> String {
    let total = calls.accepted + calls.refused;
    let mut numbers = match total {
        0 => "No calls".to_owned(),
        1 => "1 call".to_owned(),
        more => grouped(more) + " calls",
    };
    numbers += " in 30 days";
    if calls.refused > 0 {
        numbers += ", ";
        numbers += &grouped(calls.refused);
        numbers += " refused";
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_bar_of_its_share() {
        assert_eq!(path(""), "M1 19");
        assert_eq!(path("019"), "M1 19m2 0v-2v2m2 0v-18v18m2 0");
        assert_eq!(path("x"), "M1 19m2 0");
    }

    #[test]
    fn the_numbers_are_a_sentence() {
        let of = |accepted, refused| {
            numbers(&Sparkline {
                accepted,
                refused,
                days: String::new(),
            })
        };
        assert_eq!(of(0, 0), "No calls in 30 days");
        assert_eq!(of(1, 0), "1 call in 30 days");
        assert_eq!(of(0, 1), "1 call in 30 days, 1 refused");
        assert_eq!(of(1201, 3), "1,204 calls in 30 days, 3 refused");
    }
}

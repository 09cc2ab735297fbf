//! The chart of calls per day or hour: bars, totals, and the same as numbers. Refused calls are hollow bars on top of
//! accepted ones, so that the two differ without colour too. A sentence says the same to screen readers, instead of the
//! bars.

use leptos::prelude::*;
use shared::usage::{CallRange, DayCalls, Failing, grouped, still_fail};

use crate::ui::moment;

/// The picture's height and a day's width, in units of its own: the picture stretches to the available width.
const HEIGHT: i64 = 100;
const DAY: i64 = 10;
/// The least height, so that a single refused call is visible beside thousands of accepted ones.
const LEAST: i64 = 4;

/// The chart of these days. `period` names them: "in the last 30 days".
pub fn chart(days: Vec<DayCalls>, period: &str) -> AnyView {
    draw(days, period, Unit::DAY)
}

/// The chart of a range.
pub fn chart_of(calls: Vec<DayCalls>, range: CallRange) -> AnyView {
    let unit = match range {
        CallRange::Day => Unit::HOUR,
        _ => Unit::DAY,
    };
    draw(calls, &format!("in the last {}", range.label()), unit)
}

/// The words for what a bar stands for.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    head: &'static str,
    /// The preposition before one.
    at: &'static str,
}

impl Unit {
    const DAY: Self = Self {
        name: "day",
        head: "Day",
        at: "on",
    };
    const HOUR: Self = Self {
        name: "hour",
        head: "Hour",
        at: "at",
    };
}

fn draw(days: Vec<DayCalls>, period: &str, unit: Unit) -> AnyView {
    let Totals {
        accepted,
        refused,
        most,
        busiest,
    } = Totals::of(&days);
    if most == 0 {
        return view! { <p class="muted">{format!("No calls {period}.")}</p> }.into_any();
    }
    let Unit { name, head, at } = unit;
    let summary = format!(
        "Calls per {name} {period}: {}, most {at} {busiest} with {}. The numbers are below.",
        counted(accepted, refused),
        grouped(most)
    );
    let (mut solid, mut hollow, mut left) = (String::new(), String::new(), 0);
    let (mut hints, mut rows) = (Vec::new(), Vec::new());
    for (place, day) in days.iter().enumerate() {
        let (accepted, refused) = heights(day, most);
        let foot = HEIGHT - accepted;
        solid += &bar(left, HEIGHT, foot);
        hollow += &bar(left, foot, foot - refused);
        hints.push(hint(day, side(place, days.len())));
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
            <div class="plot" role="img" aria-label=summary>
                <svg viewBox=format!("0 0 {left} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    <path class="accepted" d=solid></path>
                    <path class="refused" d=hollow></path>
                </svg>
                <div class="over" aria-hidden="true">
                    {hints}
                </div>
            </div>
            <p class="muted">
                <span>{end(days.first())}</span>
                <span>{end(days.last())}</span>
            </p>
            <details>
                <summary>"Numbers per " {name}</summary>
                <table class="plain">
                    <thead>
                        <tr>
                            <th scope="col">{head}</th>
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

/// The sums of a period, and its busiest day.
#[derive(Debug, Eq, PartialEq)]
struct Totals<'a> {
    accepted: i64,
    refused: i64,
    /// The calls of the busiest day.
    most: i64,
    busiest: &'a str,
}

impl<'a> Totals<'a> {
    fn of(days: &'a [DayCalls]) -> Self {
        let mut totals = Self {
            accepted: 0,
            refused: 0,
            most: 0,
            busiest: "",
        };
        for day in days {
            totals.accepted += day.accepted;
            totals.refused += day.refused;
            if day.accepted + day.refused > totals.most {
                totals.most = day.accepted + day.refused;
                totals.busiest = &day.day;
            }
        }
        totals
    }
}

/// Returns the heights of a day's accepted and refused calls, if the busiest day has `most` calls. Where both fill the
/// picture, the larger one makes room for the least height of the other.
fn heights(day: &DayCalls, most: i64) -> (i64, i64) {
    let height = |calls: i64| match calls {
        0 => 0,
        some => (HEIGHT * some / most).max(LEAST),
    };
    let (accepted, refused) = (height(day.accepted), height(day.refused));
    let refused = refused.min(HEIGHT - accepted.min(LEAST));
    (accepted.min(HEIGHT - refused), refused)
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

/// The place of a day over its bar, with its tooltip.
fn hint(day: &DayCalls, side: &'static str) -> AnyView {
    let tip = format!("{}: {}", day.day, counted(day.accepted, day.refused));
    view! { <span class=side data-tip=tip></span> }.into_any()
}

/// The class of a tooltip at a place of so many: near an end of the chart it stands on the other side.
pub fn side(place: usize, count: usize) -> &'static str {
    match 4 * place / count.max(1) {
        0 => "near-left",
        3.. => "near-right",
        _ => "",
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(day: &str, accepted: i64, refused: i64) -> DayCalls {
        DayCalls {
            day: day.to_owned(),
            accepted,
            refused,
        }
    }

    #[test]
    fn the_totals_name_the_first_of_the_busiest_days() {
        let days = [
            day("Mon", 3, 0),
            day("Tue", 1, 4),
            day("Wed", 5, 0),
            day("Thu", 0, 0),
        ];
        let totals = Totals {
            accepted: 9,
            refused: 4,
            most: 5,
            busiest: "Tue",
        };
        assert_eq!(Totals::of(&days), totals);
        assert_eq!(Totals::of(&days[3..]).most, 0);
        assert_eq!(Totals::of(&[]).most, 0);
        assert_eq!(counted(1_234, 0), "1,234 accepted, 0 refused");
    }

    #[test]
    fn the_heights_are_shares_of_the_busiest_day() {
        assert_eq!(heights(&day("", 200, 0), 200), (100, 0));
        assert_eq!(heights(&day("", 0, 200), 200), (0, 100));
        assert_eq!(heights(&day("", 50, 100), 200), (25, 50));
        assert_eq!(heights(&day("", 150, 50), 200), (75, 25));
        assert_eq!(heights(&day("", 0, 0), 200), (0, 0));
        // Too few for a share that is visible.
        assert_eq!(heights(&day("", 1, 0), 200), (4, 0));
        assert_eq!(heights(&day("", 0, 2), 200), (0, 4));
        assert_eq!(heights(&day("", 199, 1), 200), (96, 4));
        assert_eq!(heights(&day("", 1, 199), 200), (4, 96));
    }

    /// A day is 10 wide, and its bar 8, in the middle.
    #[test]
    fn a_bar_goes_from_its_foot_to_its_head_and_back() {
        assert_eq!(bar(0, 100, 75), "M1 100V75h8V100Z");
        assert_eq!(bar(20, 75, 25), "M21 75V25h8V75Z");
        assert_eq!(bar(20, 75, 75), "");
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(2000))]

        /// However uneven the days are, both parts of a bar are visible and stay within the picture.
        #[test]
        fn a_bar_fits_the_picture(
            accepted in prop_oneof![0..5_i64, 0..1_000_000_000_i64],
            refused in prop_oneof![0..5_i64, 0..1_000_000_000_i64],
            others in prop_oneof![Just(0), 0..1_000_000_000_i64],
        ) {
            let most = (accepted + refused).max(others);
            prop_assume!(most > 0);
            let (solid, hollow) = heights(&day("", accepted, refused), most);
            prop_assert!(solid + hollow <= HEIGHT, "{solid} and {hollow}");
            for (calls, height) in [(accepted, solid), (refused, hollow)] {
                prop_assert_eq!(calls > 0, height >= LEAST, "{} calls: {}", calls, height);
                prop_assert_eq!(calls == 0, height == 0);
            }
        }
    }
}

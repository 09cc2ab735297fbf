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

/// A point of the line: its position, and how many points below it are too close beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Point {
    at: i64,
    level: i64,
}

/// Returns the points of these distances from now, which ascend.
fn points(distances: impl Iterator<Item = i64>) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for at in distances.map(position) {
        let below = points.last().filter(|last| at - last.at < CROWDED);
        let level = below.map_or(0, |below| below.level + 1);
        points.push(Point { at, level });
    }
    points
}

/// The y of the centres of the lowest points, and of the highest that the picture has room for.
const LOW: i64 = 92;
const HIGH: i64 = 14;

/// The distance of two levels, if all of them fit.
const LEVEL: i64 = 26;

/// Returns the y of the centre of a point on a level, of which there are some up to `highest`.
fn height(level: i64, highest: i64) -> i64 {
    LOW - level * LEVEL.min((LOW - HIGH) / highest.max(1))
}

fn percent(per_mille: i64) -> String {
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}

#[component]
pub fn TimeLine(overview: Overview, now: Signal<i64>) -> impl IntoView {
    let window = overview.window;
    let ends = overview.upcoming.iter().map(KeyView::expires_at);
    let distances = ends
        .clone()
        .map(|end| end.unwrap_or(i64::MAX).saturating_sub(overview.now));
    let points = points(distances);
    let highest = points.iter().map(|point| point.level).max();
    let highest = highest.unwrap_or_default();
    let drawn: Vec<_> = points
        .into_iter()
        .zip(ends)
        .zip(1..)
        .map(|((Point { at, level }, end), number)| {
            let state = Status::at(end, overview.now, window);
            point(at, height(level, highest), number, state)
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
                {drawn}
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

fn point(at: i64, y: i64, number: i32, state: Status) -> AnyView {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::HOUR_MS;

    use super::*;

    const YEAR_MS: i64 = 365 * DAY_MS;

    #[test]
    fn the_marks_are_at_equal_distances() {
        for (days, at) in [
            (0, 30),
            (1, 210),
            (7, 390),
            (30, 570),
            (90, 750),
            (365, 930),
        ] {
            assert_eq!(position(days * DAY_MS), at, "{days} days");
        }
    }

    /// Half of the way in time between two marks is half of the way in the picture.
    #[test]
    fn the_scale_is_even_between_two_marks() {
        assert_eq!(position(12 * HOUR_MS), 120);
        assert_eq!(position(4 * DAY_MS), 300);
        assert_eq!(position(60 * DAY_MS), 660);
    }

    #[test]
    fn the_ends_hold_the_past_and_all_beyond_a_year() {
        assert_eq!(position(-1), 30);
        assert_eq!(position(i64::MIN), 30);
        assert_eq!(position(YEAR_MS + 1), 970);
        assert_eq!(position(i64::MAX), 970);
    }

    #[test]
    fn a_position_is_a_percentage() {
        assert_eq!(percent(30), "3.0%");
        assert_eq!(percent(275), "27.5%");
        assert_eq!(percent(970), "97.0%");
    }

    /// Two hours are 15 per mille of the width, and 8 hours are 60.
    #[test]
    fn close_points_rise_above_each_other() {
        let hours = [2, 4, 6, 14, 16].map(|hours| hours * HOUR_MS);
        let placed = points(hours.into_iter()).into_iter();
        let placed: Vec<_> = placed.map(|point| (point.at, point.level)).collect();
        assert_eq!(placed, [(45, 0), (60, 1), (75, 2), (135, 0), (150, 1)]);
        assert_eq!(points(std::iter::empty()), []);
    }

    /// Keys that were made together expire together, and each has its number to be read.
    #[test]
    fn points_at_the_same_instant_are_stacked_within_the_picture() {
        let month = 30 * DAY_MS;
        for (count, expected) in [
            (1, &[92][..]),
            (4, &[92, 66, 40, 14]),
            (5, &[92, 73, 54, 35, 16]),
        ] {
            let points = points(std::iter::repeat_n(month, count));
            let highest = points[count - 1].level;
            let heights: Vec<_> = points
                .iter()
                .map(|point| height(point.level, highest))
                .collect();
            assert_eq!(heights, expected);
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(2000))]

        /// Later is never further to the left, and everything is within the picture.
        #[test]
        fn the_scale_ascends(one in -DAY_MS..2 * YEAR_MS, other in -DAY_MS..2 * YEAR_MS) {
            let (first, second) = (position(one.min(other)), position(one.max(other)));
            prop_assert!(START <= first && first <= second && second <= BEYOND);
        }

        /// No point covers another one: of two close ones, one is higher.
        #[test]
        fn no_point_covers_another(mut distances in prop::collection::vec(0..40 * DAY_MS, 0..6)) {
            distances.sort_unstable();
            let points = points(distances.into_iter());
            for (index, one) in points.iter().enumerate() {
                for other in &points[index + 1..] {
                    prop_assert!(other.at - one.at >= CROWDED || other.level > one.level, "{points:?}");
                }
            }
        }
    }
}

//! The next twelve months: a strip with the number of keys that expire in each week, the days on which many do, and the
//! next expirations as a list, which is the strip's text alternative.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::usage::grouped;
use shared::view::KeyView;
use shared::view::overview::{Ahead, Heap, Month, Week};

use super::snooze::when;
use crate::keys::calls::side;
use crate::keys::key_actions::{LIST, key_path, stagger_path};
use crate::server_fns::overview::StaggerKeys;
use crate::ui::standing::offers;

/// The strip from top to bottom, in pixels: room for a number, the bars, and the names of the months.
const TOP: i64 = 18;
const BARS: i64 = 56;
const FOOT: i64 = TOP + BARS;
const NAMES: i64 = FOOT + 20;

/// The least height, so that a single key is visible beside hundreds.
const LEAST: i64 = 4;

/// The gap between two bars, in per mille of the width.
const GAP: i64 = 5;

/// What the table of keys in the order of their expirations shows before the first key of the strip.
#[derive(Clone, Copy)]
pub struct Before {
    /// The keys that have expired.
    pub keys: i64,
    /// The rows on a page.
    pub page_size: u32,
}

pub fn months(ahead: &Ahead, upcoming: Vec<KeyView>, before: Before, now: i64) -> AnyView {
    let Some(summary) = summary(&ahead.weeks) else {
        let none = if upcoming.is_empty() {
            "No active key has an expiration."
        } else {
            "No key expires in the next 12 months."
        };
        return view! { <p class="muted">{none}</p> {list(upcoming, now)} }.into_any();
    };
    let heaps = (!ahead.heaps.is_empty()).then(|| {
        let heaps: Vec<AnyView> = ahead.heaps.iter().map(heap).collect();
        view! { <ul class="lines heaps">{heaps}</ul> }
    });
    view! {
        <figure class="ahead">
            <svg role="img" aria-label=summary height=NAMES + 4>
                <g aria-hidden="true">{bars(ahead)} {names(ahead)}</g>
            </svg>
            <div class="over">{links(&ahead.weeks, before)}</div>
        </figure>
        <div class="halves">{list(upcoming, now)} {heaps}</div>
    }
    .into_any()
}

/// The strip in words; none if no key expires.
fn summary(weeks: &[Week]) -> Option<String> {
    let total: i64 = weeks.iter().map(|week| week.keys).sum();
    // Of equal weeks, the first one.
    let most = weeks.iter().rev().max_by_key(|week| week.keys)?;
    let keys = match total {
        0 => return None,
        1 => "1 key expires".to_owned(),
        many => format!("{} keys expire", grouped(many)),
    };
    let week = match total {
        1 => format!("in the week {}", most.days),
        _ => format!("most in the week {} with {}", most.days, grouped(most.keys)),
    };
    Some(format!(
        "{keys} in the next 12 months, {week}. The next expirations are listed below."
    ))
}

/// Returns the position of a day in per mille of the width.
fn position(day: i64, weeks: usize) -> i64 {
    day * 1000 / (i64::try_from(weeks).unwrap_or(1).max(1) * 7)
}

fn percent(per_mille: i64) -> String {
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}

fn height(keys: i64, most: i64) -> i64 {
    (keys * BARS / most.max(1)).max(LEAST)
}

fn bars(Ahead { weeks, heaps, .. }: &Ahead) -> Vec<AnyView> {
    let most = weeks.iter().map(|week| week.keys).max().unwrap_or_default();
    let count = weeks.len();
    let bars = (0..).zip(weeks).filter(|(_, week)| week.keys > 0);
    let mut drawn: Vec<AnyView> = bars
        .map(|(place, week): (i64, &Week)| {
            let (from, to) = (position(7 * place, count), position(7 * place + 7, count));
            let height = height(week.keys, most);
            let heap = heaps.iter().any(|heap| heap.week == place);
            let class = if heap { "heap" } else { "" };
            // On a phone there is room for the numbers of heaps alone.
            let number = view! {
                <text class=if heap { "" } else { "week" } x=percent((from + to - GAP) / 2) y=FOOT - height - 5>
                    {grouped(week.keys)}
                </text>
            };
            view! {
                <rect class=class x=percent(from) width=percent(to - from - GAP) y=FOOT - height height=height rx="1"></rect>
                {number}
            }
            .into_any()
        })
        .collect();
    drawn.push(view! { <line x1="0" x2="100%" y1=FOOT y2=FOOT></line> }.into_any());
    drawn
}

/// A link over each bar, with its tooltip, to the page of the table where the week's first key is.
fn links(weeks: &[Week], before: Before) -> Vec<AnyView> {
    let mut earlier = before.keys;
    let link = |(place, week): (usize, &Week)| {
        if week.keys == 0 {
            return view! { <span></span> }.into_any();
        }
        let address = table(earlier, before.page_size);
        earlier += week.keys;
        let tip = match week.keys {
            1 => format!("{}: 1 key", week.days),
            many => format!("{}: {} keys", week.days, grouped(many)),
        };
        view! { <a class=side(place, weeks.len()) href=address aria-label=tip.clone() data-tip=tip></a> }.into_any()
    };
    weeks.iter().enumerate().map(link).collect()
}

/// The address of the table in the order of expirations, at the page that begins after at most `earlier` keys.
fn table(earlier: i64, page_size: u32) -> String {
    match earlier / i64::from(page_size.max(1)) {
        0 => format!("{LIST}?sort=expires"),
        page => format!("{LIST}?sort=expires&page={}", page + 1),
    }
}

fn names(Ahead { weeks, months, .. }: &Ahead) -> Vec<AnyView> {
    let name = |month: &Month| {
        let at = position(month.at, weeks.len());
        // No name hangs over an end of the strip.
        let class = match at {
            ..20 => "month first",
            981.. => "month last",
            _ => "month",
        };
        let at = percent(at);
        view! {
            <line class="month" x1=at.clone() x2=at.clone() y1=FOOT y2=FOOT + 6></line>
            <text class=class x=at y=NAMES>
                {month.name.clone()}
            </text>
        }
        .into_any()
    };
    months.iter().map(name).collect()
}

fn heap(heap: &Heap) -> AnyView {
    let stagger = offers(StaggerKeys::PATH).then(|| stagger(heap));
    view! {
        <li>
            <span>
                <strong>{grouped(heap.keys)} " keys"</strong>
                " expire on "
                {heap.text.clone()}
            </span>
            {stagger}
        </li>
    }
    .into_any()
}

fn stagger(heap: &Heap) -> AnyView {
    view! {
        <a class="button small" href=stagger_path(&heap.day) rel="external" aria-label=format!("Stagger the keys of {}", heap.text)>
            "Stagger…"
        </a>
    }
    .into_any()
}

fn list(upcoming: Vec<KeyView>, now: i64) -> Option<AnyView> {
    if upcoming.is_empty() {
        return None;
    }
    let lines: Vec<AnyView> = upcoming.into_iter().map(|key| line(key, now)).collect();
    Some(view! { <ol class="lines" aria-label="Next expirations">{lines}</ol> }.into_any())
}

fn line(key: KeyView, now: i64) -> AnyView {
    view! {
        <li>
            <a href=key_path(&key.access_key) title=key.name.clone()>
                <bdi>{key.name.clone()}</bdi>
            </a>
            {key.expires.map(|end| when(&end, now))}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn week(days: &str, keys: i64) -> Week {
        Week {
            days: days.to_owned(),
            keys,
        }
    }

    #[test]
    fn the_summary_names_the_first_of_the_fullest_weeks() {
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[week("a", 0), week("b", 0)]), None);
        let text = summary(&[
            week("a", 3),
            week("b", 17),
            week("c", 17),
            week("d", 1_000 - 37),
        ]);
        let expected = "1,000 keys expire in the next 12 months, most in the week d with 963. \
                        The next expirations are listed below.";
        assert_eq!(text.as_deref(), Some(expected));
        let text = summary(&[week("a", 0), week("b", 17), week("c", 17)]).unwrap_or_default();
        assert!(text.contains("week b with 17"), "{text}");
        let text = summary(&[week("a", 1)]).unwrap_or_default();
        assert!(
            text.starts_with("1 key expires in the next 12 months, in the week a."),
            "{text}"
        );
    }

    #[test]
    fn a_single_key_is_visible_beside_hundreds() {
        assert_eq!(height(1, 900), LEAST);
        assert_eq!(height(900, 900), BARS);
        assert_eq!(height(450, 900), BARS / 2);
    }

    #[test]
    fn a_bar_leads_to_the_page_where_its_first_key_is() {
        assert_eq!(table(0, 50), "/preferences/api-control?sort=expires");
        assert_eq!(table(49, 50), "/preferences/api-control?sort=expires");
        let second = "/preferences/api-control?sort=expires&page=2";
        assert_eq!(table(50, 50), second);
        assert_eq!(table(99, 50), second);
    }

    #[test]
    fn a_position_is_a_percentage() {
        assert_eq!(percent(30), "3.0%");
        assert_eq!(percent(275), "27.5%");
        assert_eq!(percent(1000), "100.0%");
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(500))]

        /// Every bar has a width, and none overlaps the next.
        #[test]
        fn bars_stand_side_by_side(weeks in 1..60_usize) {
            let last = i64::try_from(weeks).unwrap_or_default();
            for place in 0..last {
                let (from, to) = (position(7 * place, weeks), position(7 * place + 7, weeks));
                prop_assert!(to - from > GAP && to <= 1000, "{from} to {to}");
            }
        }
    }
}

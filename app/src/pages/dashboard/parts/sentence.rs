//! The banner's sentence, which says the worst first, and the links to the keys that have no line there.

use leptos::prelude::*;
use shared::DAY_MS;
use shared::view::overview::{Alarms, Overview};

/// Returns the class of the banner and its sentence.
pub fn worst(alarms: Alarms, window: i64) -> (&'static str, String) {
    let tone = match alarms {
        Alarms {
            failing: 0,
            soon: 0,
            expired: 0,
        } => "calm",
        Alarms {
            failing: 0,
            expired: 0,
            ..
        } => "amber",
        _ => "red",
    };
    (tone, sentence(alarms, window))
}

/// The sentence for these numbers, with a warning window of so many milliseconds.
fn sentence(alarms: Alarms, window: i64) -> String {
    let days = match window / DAY_MS {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    };
    let mut parts = Vec::new();
    match alarms.failing {
        0 => {}
        1 => parts.push("1 expired key is still called".to_owned()),
        many => parts.push(format!("{many} expired keys are still called")),
    }
    match alarms.soon {
        0 => {}
        1 => parts.push(format!("1 key expires within the next {days}")),
        many => parts.push(format!("{many} keys expire within the next {days}")),
    }
    match alarms.expired {
        0 => {}
        1 => parts.push("1 key has expired".to_owned()),
        many => parts.push(format!("{many} keys have expired")),
    }
    match &parts[..] {
        [] => "No keys need attention.".to_owned(),
        [only] => format!("{only}."),
        [one, other] => format!("{one}, and {other}."),
        [one, other, last, ..] => format!("{one}, {other}, and {last}."),
    }
}

/// A link to keys without a line.
#[derive(Debug, Eq, PartialEq)]
struct More {
    text: String,
    address: &'static str,
}

const SOON: &str = "/preferences/api-control?status=expiring_soon&sort=expires";
const EXPIRED: &str = "/preferences/api-control?status=expired&sort=-expires";

/// The links to the keys without a line.
pub fn links(overview: &Overview) -> Option<AnyView> {
    let links: Vec<AnyView> = more(overview)
        .into_iter()
        .map(|more| view! { <a href=more.address>{more.text}</a> }.into_any())
        .collect();
    (!links.is_empty()).then(|| view! { <p class="more">{links}</p> }.into_any())
}

/// Returns the links to the alarms for which the banner has no line: one if a filter of the table shows them all.
fn more(overview: &Overview) -> Vec<More> {
    let expiring = |at: Option<i64>| at.is_some_and(|at| at > overview.now);
    let shown = overview.attention.len();
    let shown_soon = overview
        .attention
        .iter()
        .filter(|one| expiring(one.key.expires_at()))
        .count();
    let count = |shown: usize| i64::try_from(shown).unwrap_or_default();
    let Alarms {
        failing,
        soon,
        expired,
    } = overview.alarms;
    let soon = soon - count(shown_soon);
    let expired = failing + expired - count(shown - shown_soon);
    let link = |text: String, address| More { text, address };
    match (soon, expired) {
        (..=0, ..=0) => Vec::new(),
        (soon, ..=0) => vec![link(format!("and {soon} more"), SOON)],
        (..=0, expired) => vec![link(format!("and {expired} more"), EXPIRED)],
        (soon, expired) => vec![
            link(
                format!("and {} more: {soon} expiring", soon + expired),
                SOON,
            ),
            link(format!("{expired} expired"), EXPIRED),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn alarms(failing: i64, soon: i64, expired: i64) -> Alarms {
        Alarms {
            failing,
            soon,
            expired,
        }
    }

    #[test]
    fn the_tone_is_red_once_something_has_expired() {
        let tone = |failing, soon, expired| worst(alarms(failing, soon, expired), DAY_MS).0;
        assert_eq!(tone(0, 0, 0), "calm");
        assert_eq!(tone(0, 2, 0), "amber");
        assert_eq!(tone(0, 2, 1), "red");
        assert_eq!(tone(1, 0, 0), "red");
    }

    #[test]
    fn the_rest_is_where_the_table_shows_it() {
        let texts = |alarms: Alarms, banner: &[Option<i64>]| {
            let more = more(&samples::overview(alarms, banner)).into_iter();
            more.map(|more| (more.text, more.address))
                .collect::<Vec<_>>()
        };
        let text = |text: &str| text.to_owned();
        let lines = [Some(900), Some(1001), Some(1005)];
        assert_eq!(texts(alarms(1, 2, 0), &lines), []);
        assert_eq!(texts(alarms(1, 6, 0), &lines), [(text("and 4 more"), SOON)]);
        assert_eq!(
            texts(alarms(1, 2, 3), &lines),
            [(text("and 3 more"), EXPIRED)]
        );
        assert_eq!(
            texts(alarms(2, 4, 1), &lines),
            [
                (text("and 4 more: 2 expiring"), SOON),
                (text("2 expired"), EXPIRED)
            ]
        );
    }

    #[test]
    fn the_sentence_says_the_worst_first() {
        for ((failing, soon, expired), text) in [
            ((0, 0, 0), "No keys need attention."),
            ((0, 1, 0), "1 key expires within the next 14 days."),
            ((0, 2, 0), "2 keys expire within the next 14 days."),
            ((0, 0, 1), "1 key has expired."),
            ((3, 0, 0), "3 expired keys are still called."),
            (
                (0, 1, 3),
                "1 key expires within the next 14 days, and 3 keys have expired.",
            ),
            (
                (1, 5, 1),
                "1 expired key is still called, 5 keys expire within the next 14 days, and 1 key has expired.",
            ),
        ] {
            assert_eq!(sentence(alarms(failing, soon, expired), 14 * DAY_MS), text);
        }
        assert_eq!(
            sentence(alarms(0, 1, 0), DAY_MS),
            "1 key expires within the next day."
        );
    }
}

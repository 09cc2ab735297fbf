//! The banner's sentence, which says the worst first, and the link to the keys that have no line there.

use shared::DAY_MS;
use shared::view::overview::{Alarms, Overview};

/// Counts the alarms, from the answer on as time passes: a key that expires in view is no longer expiring, but expired.
pub fn counts(overview: &Overview, now: i64) -> Alarms {
    let ends = overview
        .attention
        .iter()
        .filter_map(|one| one.key.expires_at());
    let since = ends
        .filter(|end| (overview.now + 1..=now).contains(end))
        .count();
    let since = i64::try_from(since).unwrap_or_default();
    let Alarms {
        failing,
        soon,
        expired,
    } = overview.alarms;
    Alarms {
        failing,
        soon: (soon - since).max(0),
        expired: expired + since,
    }
}

/// The sentence for these numbers, with a warning window of so many milliseconds.
pub fn sentence(alarms: Alarms, window: i64) -> String {
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
pub struct More {
    pub text: String,
    pub address: &'static str,
}

const SOON: &str = "/preferences/api-control?status=expiring_soon&sort=expires";
const EXPIRED: &str = "/preferences/api-control?status=expired&sort=-expires";

/// Returns the links to the alarms for which the banner has no line: one if a filter of the table shows them all.
pub fn more(overview: &Overview) -> Vec<More> {
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

    /// Keys that expire in view move from one count to the other at their very instant.
    #[test]
    fn the_counts_follow_the_clock() {
        let banner = [Some(900), Some(1001), Some(1005), Some(2000), None];
        let overview = samples::overview(alarms(2, 3, 1), &banner);
        for (now, expected) in [
            (1000, (3, 1)),
            (1001, (2, 2)),
            (1004, (2, 2)),
            (1005, (1, 3)),
            (2000, (0, 4)),
            (i64::MAX, (0, 4)),
        ] {
            let (soon, expired) = expected;
            assert_eq!(counts(&overview, now), alarms(2, soon, expired), "at {now}");
        }
    }

    /// The answer has counted what had expired when it was given, at the very instant too.
    #[test]
    fn nothing_is_counted_twice() {
        let overview = samples::overview(alarms(0, 3, 1), &[Some(1000)]);
        assert_eq!(counts(&overview, 1500), alarms(0, 3, 1));
    }

    /// A later answer can count fewer keys than the first one had lines.
    #[test]
    fn no_count_is_negative() {
        let overview = samples::overview(alarms(0, 0, 0), &[Some(1001)]);
        assert_eq!(counts(&overview, 1001), alarms(0, 0, 1));
        assert_eq!(more(&overview), []);
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

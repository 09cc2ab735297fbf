//! The time for which the words of a list hold.

use shared::view::{KeyPage, KeyView};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Words that count seconds are this late at most, in milliseconds.
const LATE: i64 = 10 * SECOND;

/// Returns the milliseconds after which a status or a time on the page has other words. A status is exact.
pub fn next_change(page: &KeyPage) -> i64 {
    let keys = page.keys.iter();
    keys.map(|key| of_key(key, page)).fold(DAY, i64::min)
}

fn of_key(key: &KeyView, page: &KeyPage) -> i64 {
    let left = |at: i64| at.saturating_sub(page.now);
    let status = key
        .expires_at()
        .into_iter()
        .flat_map(|at| [left(at), left(at.saturating_sub(page.window))])
        .filter(|left| *left > 0);
    let shown = [key.expires.as_ref(), key.used.as_ref()];
    let created = page.columns.created.then_some(&key.created);
    let words = shown
        .into_iter()
        .chain([created])
        .flatten()
        .map(|moment| words(left(moment.at).saturating_abs()));
    status.chain(words).fold(DAY, i64::min)
}

/// As `shared::relative` cuts times. A change by hours may come up to an hour late.
fn words(distance: i64) -> i64 {
    match distance {
        ..MINUTE => LATE,
        MINUTE..HOUR => MINUTE,
        _ => HOUR,
    }
}

#[cfg(test)]
mod tests {
    use shared::list::PAGE_SIZE;
    use shared::view::{Columns, Counts};

    use super::*;
    use crate::samples;

    fn page(expires: Option<i64>, used: Option<i64>) -> KeyPage {
        let now = 1_000 * DAY;
        let moment = |after: i64| samples::moment(now + after);
        let key = KeyView {
            created: moment(-MINUTE / 2),
            used: used.map(moment),
            ..samples::key("cron", expires.map(|after| now + after))
        };
        KeyPage {
            now,
            window: 14 * DAY,
            time_zone: "UTC".to_owned(),
            keys: vec![key],
            counts: Counts::default(),
            page: 1,
            pages: 1,
            size: PAGE_SIZE,
            columns: Columns::default(),
        }
    }

    #[test]
    fn a_status_changes_at_its_instant_and_words_soon_after() {
        for (expires, used, expected) in [
            (None, None, DAY),
            (Some(82 * DAY), None, HOUR),
            (Some(14 * DAY + 5 * SECOND), None, 5 * SECOND),
            (Some(7 * SECOND), None, 7 * SECOND),
            (Some(40 * MINUTE), None, MINUTE),
            (Some(-3 * DAY), Some(-10 * DAY), HOUR),
            (None, Some(-4 * SECOND), LATE),
            (None, Some(-20 * MINUTE), MINUTE),
        ] {
            assert_eq!(
                next_change(&page(expires, used)),
                expected,
                "{expires:?} {used:?}"
            );
        }
        let mut created = page(None, None);
        created.columns.created = true;
        assert_eq!(next_change(&created), LATE);
    }
}

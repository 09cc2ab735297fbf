//! Keys that a query of the table selects, as a condition in SQL. Every statement about "all keys that match" has the same
//! one.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeZone};
use shared::DAY_MS;
use shared::expiry::Expiry;
use shared::list::{IDLE_DAYS, ListQuery, Show};
use shared::status::Status;

use super::KEYS;
use crate::accounts::account::Account;
pub(crate) use crate::storage::parameters::Parameters;
use crate::text;
use crate::time::zones::Zone;

/// Words of a search that are looked for one by one. What follows belongs to the last of them, so that a long text makes
/// no long statement.
const MAX_WORDS: usize = 8;

/// The condition of a query.
pub(crate) struct Matching {
    /// Of everything but the status.
    pub base: String,
    /// Of the status; none if it does not matter.
    pub status: Option<String>,
    /// Whether it reads `last_uses u`.
    uses: bool,
}

impl Matching {
    /// Returns the condition on `api_keys k` at `now`, UTC epoch milliseconds, and adds its parameters.
    pub fn new(
        account: &Account,
        query: &ListQuery,
        now: i64,
        parameters: &mut Parameters,
    ) -> Self {
        let mut base = format!("k.account_id = {}", parameters.text(&account.id));
        for word in words(&query.search) {
            let pattern = parameters.text(pattern(&word));
            base = format!("{base} AND k.folded LIKE {pattern} ESCAPE '\\'");
        }
        if let Some(show) = query.show {
            let condition = shown(show, account, now, parameters);
            base = format!("{base} AND {condition}");
        }
        Self {
            base,
            status: query
                .status
                .map(|status| condition(status, account, now, parameters)),
            uses: matches!(query.show, Some(Show::NeverUsed | Show::Idle)),
        }
    }

    /// Returns the condition on the keys as a whole.
    pub fn all(&self) -> String {
        match &self.status {
            Some(status) => format!("{} AND {status}", self.base),
            None => self.base.clone(),
        }
    }

    /// Returns the tables that the condition reads, for a statement that itself reads `last_uses u` or not.
    pub fn source(&self, uses: bool) -> &'static str {
        if uses || self.uses {
            KEYS
        } else {
            "api_keys k"
        }
    }
}

/// Returns the words of a search, in the form in which keys are searched for.
pub(crate) fn words(search: &str) -> Vec<String> {
    let plain = text::plain(search);
    let mut words: Vec<&str> = plain.split_whitespace().collect();
    let rest = words.split_off(words.len().min(MAX_WORDS - 1));
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if !rest.is_empty() {
        words.push(rest.join(" "));
    }
    words
}

/// Returns the pattern of a word, which is any part of a text, for LIKE with the escape `\`.
pub(crate) fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for char in word.chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        // SQLite ends a pattern at U+0000, and PostgreSQL rejects it. Another control character finds as little: names
        // and descriptions contain none.
        pattern.push(if char == '\0' { '\u{1}' } else { char });
    }
    pattern.push('%');
    pattern
}

/// Returns the condition of a status. A test keeps it equal to [`Status::at`].
pub(super) fn condition(
    status: Status,
    account: &Account,
    now: i64,
    parameters: &mut Parameters,
) -> String {
    let soon = now + account.window();
    match status {
        Status::Active => {
            let soon = parameters.number(soon);
            format!("(k.expires_at IS NULL OR k.expires_at > {soon})")
        }
        Status::ExpiringSoon => {
            let (now, soon) = (parameters.number(now), parameters.number(soon));
            format!("k.expires_at > {now} AND k.expires_at <= {soon}")
        }
        Status::Expired => format!("k.expires_at <= {}", parameters.number(now)),
    }
}

fn shown(show: Show, account: &Account, now: i64, parameters: &mut Parameters) -> String {
    match show {
        Show::NeverUsed => "u.used_at IS NULL".to_owned(),
        Show::Idle => {
            let since = parameters.number(now - IDLE_DAYS * DAY_MS);
            format!("COALESCE(u.used_at, k.created_at) <= {since}")
        }
        Show::NeverExpires => "k.expires_at IS NULL".to_owned(),
        Show::ThisMonth => {
            let (after, last) = month(account.time_zone, now);
            let (after, last) = (parameters.number(after), parameters.number(last));
            format!("k.expires_at > {after} AND k.expires_at <= {last}")
        }
    }
}

/// Returns the last instants of the previous and of the present calendar month, as the end of a picked date has them.
fn month(zone: Zone, now: i64) -> (i64, i64) {
    let utc = DateTime::from_timestamp_millis(now).unwrap_or_default();
    let today = zone.from_utc_datetime(&utc.naive_utc()).date_naive();
    let first = today.with_day(1).unwrap_or(today);
    let next = first.checked_add_months(Months::new(1));
    // The day before. Without it, far beyond every expiration, there is no month.
    let end = |day: Option<NaiveDate>| {
        let date = day.and_then(|day| day.pred_opt());
        let end = date.and_then(|date| Expiry::EndOf(date).resolve(now, &zone).ok()?);
        end.unwrap_or(now)
    };
    (end(Some(first)), end(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_has_at_most_eight_words() {
        assert_eq!(words("  Billing \u{a0} EU "), ["billing", "eu"]);
        assert!(words(" ").is_empty());
        assert_eq!(
            words("a b c d e f g h i j"),
            ["a", "b", "c", "d", "e", "f", "g", "h i j"]
        );
        assert_eq!(words("a b c d e f g h").len(), MAX_WORDS);
    }

    /// Month ends in a zone, also of months in which its clocks change.
    #[test]
    fn a_month_is_that_of_the_zone() {
        let instant =
            |text: &str| DateTime::parse_from_rfc3339(text).map_or(0, |at| at.timestamp_millis());
        for (zone, now, after, last) in [
            (
                "UTC",
                "2026-11-30T23:59:59.999Z",
                "2026-10-31T23:59:59.999Z",
                "2026-11-30T23:59:59.999Z",
            ),
            (
                "UTC",
                "2026-12-01T00:00:00Z",
                "2026-11-30T23:59:59.999Z",
                "2026-12-31T23:59:59.999Z",
            ),
            // There, it is already 1 March, and summer time begins within the month.
            (
                "Europe/Berlin",
                "2026-02-28T23:00:00Z",
                "2026-02-28T22:59:59.999Z",
                "2026-03-31T21:59:59.999Z",
            ),
        ] {
            let month = month(Zone::stored(zone), instant(now));
            assert_eq!(month, (instant(after), instant(last)), "{zone} {now}");
        }
    }
}

//! Sentences about changes, for the message that follows one: what has changed, and to when.

use shared::relative::relative;
use shared::status::is_good;

use super::row::Row;
use crate::accounts::account::Account;
use crate::time::format::{day_in_words, in_words, moment};

/// Returns the expiration as the rest of a sentence: "expired on …".
pub fn expiration(row: &Row, account: &Account, now: i64) -> String {
    row.expires_at.map_or_else(
        || "never expires".to_owned(),
        |at| {
            let verb = if is_good(Some(at), now) {
                "expires"
            } else {
                "expired"
            };
            format!("{verb} on {}", moment(at, account.time_zone).text)
        },
    )
}

/// "staging now expires 26 Feb 2027, 20:20 UTC (in 90 days)."
pub fn expires(row: &Row, account: &Account, now: i64) -> String {
    with_verb(row, "now expires", account, now)
}

/// "Undone: staging expires 26 Feb 2027, 20:20 UTC (in 90 days)."
pub fn undone(row: &Row, account: &Account, now: i64) -> String {
    format!("Undone: {}", with_verb(row, "expires", account, now))
}

fn with_verb(row: &Row, verb: &str, account: &Account, now: i64) -> String {
    let name = &row.name;
    match row.expires_at {
        None => format!("{name} never expires."),
        Some(at) if is_good(Some(at), now) => format!(
            "{name} {verb} {} ({}).",
            in_words(at, account.time_zone),
            relative(at, now)
        ),
        Some(_) => format!("{name} has expired."),
    }
}

/// "59 keys now expire on 26 Feb 2027."
pub fn all_expire(count: usize, expires_at: Option<i64>, account: &Account) -> String {
    match expires_at {
        None => format!("{count} keys never expire."),
        Some(at) => format!(
            "{count} keys now expire on {}.",
            day_in_words(at, account.time_zone)
        ),
    }
}

/// "3 keys are extended by 90 days.", or "2 keys are extended by 90 days, and 1 is restored for 90 days." if one had expired.
/// Takes the keys as they were before.
pub fn extended(before: &[Row], days: u32, now: i64) -> String {
    let unit = if days == 1 { "day" } else { "days" };
    let are = |count| if count == 1 { "is" } else { "are" };
    let is_expired = |row: &&Row| row.expires_at.is_some_and(|at| !is_good(Some(at), now));
    let restored = before.iter().filter(is_expired).count();
    let longer = before.len() - restored;
    let keys = if longer == 1 { "key" } else { "keys" };
    let extended = format!("{longer} {keys} {} extended by {days} {unit}", are(longer));
    if restored == 0 {
        return extended + ".";
    }
    format!(
        "{extended}, and {restored} {} restored for {days} {unit}.",
        are(restored)
    )
}

/// "staging", or "staging and 2 other keys".
pub fn first_and_others(first: &str, count: usize) -> String {
    match count {
        ..=1 => first.to_owned(),
        2 => format!("{first} and 1 other key"),
        count => format!("{first} and {} other keys", count - 1),
    }
}

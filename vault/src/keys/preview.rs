//! The meaning of an expiration before it is set, for the forms that offer one.

use shared::DAY_MS;
use shared::expiry::MAX_INSTANT;
use shared::moment::unbroken;
use shared::relative::relative;
use shared::token::AccessKey;
use shared::validation;
use shared::view::Offer;
use sqlx::FromRow;

use super::bulk::{BulkChange, MOST, too_many};
use super::selection::Selection;
use crate::accounts::account::Account;
use crate::error::Result;
use crate::time::format::{date_of, moment, rfc3339};
use crate::vault::Vault;

/// The days by which pages offer to extend a key, or after which a restored one expires.
const OFFERED: [u32; 4] = [30, 60, 90, 365];

/// Returns the later expirations that pages offer for a key with this present one. Those of a key that works count from
/// its expiration, so that none of them shortens its life; the others count from now.
pub(super) fn offers(expires_at: Option<i64>, account: &Account, now: i64) -> Vec<Offer> {
    let left = expires_at.filter(|at| *at > now);
    let offer = |days: u32| {
        let at = left.unwrap_or(now).saturating_add(i64::from(days) * DAY_MS);
        let at = at.min(MAX_INSTANT);
        let (expiry, label) = if left.is_some() {
            (rfc3339(at), format!("+{days} days"))
        } else {
            (format!("{days}d"), format!("In {days} days"))
        };
        Offer {
            expiry,
            label,
            day: date_of(at, account.time_zone),
        }
    };
    OFFERED.map(offer).into()
}

/// The present expiration of a key, which may be none.
#[derive(Clone, Copy, FromRow)]
struct Present {
    expires_at: Option<i64>,
}

impl Vault {
    /// Returns a sentence about the instant that an expiration in the expiry grammar means now, in the account's zone:
    /// "Expires Fri 26 Feb 2027, 20:20 UTC, in 90 days." It is empty for a text that is no expiration, and a reason for
    /// one that cannot be set. With the access key of an active key that would then end earlier than now, it says so.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn expiry_sentence(
        &self,
        account: &Account,
        expiry: &str,
        access_key: &str,
    ) -> Result<String> {
        let Ok(expiry) = validation::expiry(expiry) else {
            return Ok(String::new());
        };
        let now = self.now();
        Ok(match expiry.resolve_later(now, &account.time_zone) {
            Ok(Some(at)) => {
                let text = unbroken(&moment(at, account.time_zone).text);
                let lost = lost(self.present(account, access_key).await?, at, now);
                format!("{lost}Expires {text}, {}.", relative(at, now))
            }
            Ok(None) => {
                "Never expires. If the key leaks, it works until you expire it. A date is safer."
                    .to_owned()
            }
            Err(error) => error.to_string(),
        })
    }

    /// Returns sentences about what a change of many keys by `extend` or `set` would do to them: "Expires Fri 26 Feb 2027,
    /// 23:59 UTC, in 90 days. Restores 3 expired keys. Shortens 2." They are empty if there is nothing to say yet, and a
    /// reason for a change that cannot be made.
    ///
    /// # Errors
    /// Those of [`Vault::change_keys`] for `access_keys`, and those of reading the database.
    pub async fn bulk_sentence(
        &self,
        account: &Account,
        change: &BulkChange<'_>,
    ) -> Result<String> {
        let selection = Selection::parse(change.access_keys, &change.query)?;
        let now = self.now();
        let mut readers = self.readers().acquire().await?;
        let rows = selection.rows(&mut readers, account, now, MOST).await?;
        if rows.len() > MOST {
            return Ok(too_many());
        }
        let ends: Vec<Option<i64>> = rows.iter().map(|row| row.expires_at).collect();
        if change.action.trim() != "set" {
            return Ok(extending(&ends, now));
        }
        let Ok(expiry) = validation::expiry(change.expiry) else {
            return Ok(restores(&ends, now));
        };
        Ok(match expiry.resolve_later(now, &account.time_zone) {
            Ok(at) => {
                let until = at.map(|at| {
                    let text = unbroken(&moment(at, account.time_zone).text);
                    format!("Expires {text}, {}.", relative(at, now))
                });
                let until = until.unwrap_or_else(|| "Never expires.".to_owned());
                sentences(&[until, restores(&ends, now), shortens(&ends, at, now)])
            }
            Err(error) => error.to_string(),
        })
    }

    /// Returns a key of the account, if there is one with this access key.
    async fn present(&self, account: &Account, access_key: &str) -> Result<Option<Present>> {
        let Ok(access_key) = access_key.parse::<AccessKey>() else {
            return Ok(None);
        };
        Ok(sqlx::query_as(
            "SELECT expires_at FROM api_keys WHERE account_id = $1 AND access_key = $2",
        )
        .bind(&account.id)
        .bind(access_key.to_string())
        .fetch_optional(&self.readers())
        .await?)
    }
}

/// Returns the sentences that are not empty.
fn sentences(all: &[String]) -> String {
    let said: Vec<&str> = all.iter().map(String::as_str).collect();
    let said: Vec<&str> = said.into_iter().filter(|one| !one.is_empty()).collect();
    said.join(" ")
}

/// Returns what an extension by days does to keys with these expirations. It shortens none.
fn extending(ends: &[Option<i64>], now: i64) -> String {
    let working = ends.iter().flatten().filter(|at| **at > now).count();
    let added = match working {
        0 => String::new(),
        1 => "Adds to the expiration of 1 key.".to_owned(),
        many => format!("Adds to the expirations of {many} keys."),
    };
    let restored = restores(ends, now);
    let restored = match restored.strip_suffix('.') {
        Some(restored) => format!("{restored}, counted from now."),
        None => restored,
    };
    let endless = match ends.iter().filter(|at| at.is_none()).count() {
        0 => String::new(),
        1 => "1 never expires and stays so.".to_owned(),
        many => format!("{many} never expire and stay so."),
    };
    sentences(&[added, restored, endless])
}

/// Returns how many expired keys a later expiration puts to use again.
fn restores(ends: &[Option<i64>], now: i64) -> String {
    match ends.iter().flatten().filter(|at| **at <= now).count() {
        0 => String::new(),
        1 => "Restores 1 expired key.".to_owned(),
        many => format!("Restores {many} expired keys."),
    }
}

/// Returns how many keys that work would end earlier than now.
fn shortens(ends: &[Option<i64>], at: Option<i64>, now: i64) -> String {
    let earlier = |present: &&Option<i64>| {
        at.is_some_and(|at| present.is_none_or(|present| present > now && at < present))
    };
    match ends.iter().filter(earlier).count() {
        0 => String::new(),
        count => format!("Shortens {count}."),
    }
}

/// A sentence on what a key loses by an expiration, and the blank after it; empty if it loses nothing.
fn lost(present: Option<Present>, at: i64, now: i64) -> String {
    let Some(Present { expires_at }) = present else {
        return String::new();
    };
    let Some(present) = expires_at else {
        return "So far this key never expires. ".to_owned();
    };
    if present <= now || at >= present {
        return String::new();
    }
    match (present - at + DAY_MS / 2) / DAY_MS {
        0 => "This shortens the key's life. ".to_owned(),
        1 => "This shortens the key's life by 1 day. ".to_owned(),
        days => format!("This shortens the key's life by {days} days. "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_435_200_000;

    fn after(days: i64) -> i64 {
        NOW + days * DAY_MS
    }

    #[test]
    fn an_offer_to_a_key_that_works_counts_from_its_expiration() {
        let offer = |expires_at| offers(expires_at, &Account::sample(), NOW)[2].clone();
        let later = offer(Some(after(10)));
        assert_eq!(later.label, "+90 days");
        assert_eq!(later.expiry, rfc3339(after(100)));
        for present in [Some(after(-10)), None] {
            let from_now = offer(present);
            assert_eq!(
                (from_now.expiry.as_str(), from_now.label.as_str()),
                ("90d", "In 90 days")
            );
            assert_eq!(from_now.day, "21 Feb 2027");
        }
        // None of them shortens the life of a key that works, however long that is.
        assert_eq!(offer(Some(MAX_INSTANT)).expiry, rfc3339(MAX_INSTANT));
    }

    #[test]
    fn what_becomes_of_many_keys_is_told_by_their_numbers() {
        let [soon, later, gone, other] = [10, 100, -1, -2].map(|days| Some(after(days)));
        let ends = [soon, later, gone, other, None];
        assert_eq!(
            extending(&ends, NOW),
            "Adds to the expirations of 2 keys. Restores 2 expired keys, counted from now. 1 never expires and stays so."
        );
        assert_eq!(
            extending(&ends[..1], NOW),
            "Adds to the expiration of 1 key."
        );
        assert_eq!(restores(&ends[2..3], NOW), "Restores 1 expired key.");
        assert_eq!(restores(&ends[..2], NOW), "");
        assert_eq!(shortens(&ends, Some(after(50)), NOW), "Shortens 2.");
        assert_eq!(shortens(&ends, Some(after(200)), NOW), "Shortens 1.");
        assert_eq!(shortens(&ends[..4], Some(after(200)), NOW), "");
        assert_eq!(shortens(&ends, None, NOW), "");
    }
}

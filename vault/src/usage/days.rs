//! Sums of a key's calls by day of UTC, for charts that would have to read hundreds of hours a key. The flush writes hours
//! only; once a day is over, its hours are summed up, a batch of keys at a time.

use shared::{DAY_MS, HOUR_MS};
use sqlx::AnyConnection;

use crate::error::Result;
use crate::storage::System;
use crate::vault::Vault;

/// The wait after the end of a day, in milliseconds. Hours that are written later are added to the sums one by one.
const GRACE_MS: i64 = HOUR_MS;
/// Days back for which there are surely all hours.
pub(super) const SUMMABLE: i64 = 33;
/// Keys of a batch. Each costs one look into the index, and 24 rows if it is in use all day.
const BATCH: i64 = 1_000;

/// How far the hours have been summed up.
struct Progress {
    /// The last day that is done for all keys, counted from the epoch.
    day: i64,
    /// Of the day after it, the keys up to this one are done.
    up_to: String,
}

impl Progress {
    /// Reads the progress, with `last` as the latest day that may be done.
    async fn read(connection: &mut AnyConnection, last: i64) -> Result<Self> {
        let (day, up_to): (i64, String) = sqlx::query_as("SELECT day, up_to FROM day_sums")
            .fetch_one(&mut *connection)
            .await?;
        // A day that is not over was done by a clock that ran ahead: all is summed up again.
        let day = if day > last { 0 } else { day };
        let (oldest,): (Option<i64>,) =
            sqlx::query_as("SELECT MIN(hour) FROM key_hours WHERE hour >= $1")
                .bind((last - SUMMABLE) * 24)
                .fetch_one(connection)
                .await?;
        // Days without any hours need no work.
        let before = oldest.map_or(last, |hour| hour.div_euclid(24) - 1);
        Ok(if day < before {
            Self {
                day: before.min(last),
                up_to: String::new(),
            }
        } else {
            Self { day, up_to }
        })
    }
}

impl Vault {
    /// Sums up the hours of a batch of keys, of the first day that is over at `now`, UTC epoch milliseconds, and not done.
    /// Returns whether there may be more.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::error::Error::Unavailable).
    pub async fn sum_days(&self, now: i64) -> Result<bool> {
        let last = (now - GRACE_MS).div_euclid(DAY_MS) - 1;
        self.write(System, move |tx| {
            Box::pin(async move {
                let connection = tx.connection();
                let done = Progress::read(connection, last).await?;
                if done.day >= last {
                    tx.roll_back();
                    return Ok(false);
                }
                let keys: Vec<(String,)> = sqlx::query_as(
                    "SELECT access_key FROM api_keys WHERE access_key > $1 ORDER BY access_key LIMIT $2",
                )
                .bind(&done.up_to)
                .bind(BATCH)
                .fetch_all(&mut *connection)
                .await?;
                let full = i64::try_from(keys.len()).is_ok_and(|keys| keys == BATCH);
                let day = done.day + 1;
                if let Some((end,)) = keys.last() {
                    sum(connection, day, (&done.up_to, end)).await?;
                }
                let (day, up_to) = match keys.last() {
                    Some((end,)) if full => (done.day, end.as_str()),
                    _ => (day, ""),
                };
                sqlx::query("UPDATE day_sums SET day = $1, up_to = $2")
                    .bind(day)
                    .bind(up_to)
                    .execute(connection)
                    .await?;
                tx.commit_quietly();
                Ok(day < last)
            })
        })
        .await
    }
}

/// Sums up a day of the keys after one up to another, replacing earlier sums.
async fn sum(connection: &mut AnyConnection, day: i64, (after, to): (&str, &str)) -> Result<()> {
    sqlx::query(
        "INSERT INTO key_days (access_key, day, accepted, refused)
         SELECT k.access_key, $1, CAST(SUM(h.accepted) AS BIGINT), CAST(SUM(h.refused) AS BIGINT)
         FROM api_keys k CROSS JOIN key_hours h
         WHERE k.access_key > $2 AND k.access_key <= $3
           AND h.access_key = k.access_key AND h.hour >= $4 AND h.hour < $5
         GROUP BY k.access_key
         ON CONFLICT (access_key, day) DO UPDATE SET accepted = excluded.accepted, refused = excluded.refused",
    )
    .bind(day)
    .bind(after)
    .bind(to)
    .bind(day * 24)
    .bind((day + 1) * 24)
    .execute(connection)
    .await?;
    Ok(())
}

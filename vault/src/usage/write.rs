//! Writes of usage counts, in one transaction: a few statements of many rows, in the order of the tables.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use shared::DAY_MS;
use shared::token::AccessKey;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::error::Result;
use crate::state::usage_counts::pending::{CALLERS, Caller, Hour, Pending};
use crate::state::usage_counts::{Counted, Settled, lock};
use crate::storage::Tx;
use crate::vault::Vault;

/// Maximum rows of one statement. Fewer would take more statements; with more, binding would take longer than writing,
/// because SQLite looks for the name of each parameter from the first one on.
const ROWS: usize = 32;

/// The rows of some calls.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    /// By the account's id.
    pub account_hours: Vec<(&'a str, Hour)>,
    /// By the access key, as everything below.
    pub key_hours: Vec<(&'a str, Hour)>,
    /// UTC epoch milliseconds.
    pub last_uses: Vec<(&'a str, i64)>,
    /// At most [`CALLERS`] of a key, or [`forget_callers`] has to follow.
    pub callers: Vec<(&'a str, &'a Caller)>,
}

impl Rows<'_> {
    /// Adds the rows to the tables.
    pub async fn write(&self, connection: &mut AnyConnection, now: i64) -> Result<()> {
        add_hours(connection, Hours::OF_ACCOUNTS, &self.account_hours).await?;
        add_hours(connection, Hours::OF_KEYS, &self.key_hours).await?;
        add_hours(connection, Hours::DAYS_OF_KEYS, &self.late_days(now)).await?;
        note_uses(connection, &self.last_uses, now).await?;
        note_callers(connection, &self.callers, now).await
    }

    /// Returns the sums by key and day of hours before today's. Their days may have been summed up already, and would miss
    /// them; of a day that was not, [`sum_days`](Vault::sum_days) replaces the sum.
    fn late_days(&self, now: i64) -> Vec<(&str, Hour)> {
        let today = now.div_euclid(DAY_MS);
        let mut days: BTreeMap<(&str, i64), Hour> = BTreeMap::new();
        for (key, hour) in &self.key_hours {
            let number = hour.number.div_euclid(24);
            if number < today {
                days.entry((*key, number))
                    .and_modify(|sum| sum.count(*hour))
                    .or_insert(Hour { number, ..*hour });
            }
        }
        let days = days.into_iter();
        days.map(|((key, _), day)| (key, day)).collect()
    }
}

impl Vault {
    /// Writes the counts, and returns what is settled once they are committed.
    pub(super) async fn write_usage(&self, tx: &mut Tx, counted: &Counted) -> Result<Settled> {
        let usage = &self.0.usage;
        let now = tx.now();
        let connection = tx.connection();
        // A key that was deleted meanwhile has no rows left to write to. The directory tells nearly always, but it may
        // lag behind another node's deletion, so the statements check it too.
        let mut living: Vec<(AccessKey, String, &Pending)> = {
            let keys = self.0.directory.read();
            counted
                .iter()
                .filter(|(key, _)| keys.contains_key(*key))
                .map(|(key, pending)| (*key, key.to_string(), pending))
                .collect()
        };
        // So that neighbours are changed together.
        living.sort_unstable_by_key(|(key, ..)| *key);
        let key_hours = living
            .iter()
            .flat_map(|(_, key, pending)| {
                pending.hours.iter().map(move |hour| (key.as_str(), *hour))
            })
            .collect();
        let last_uses = living
            .iter()
            .filter_map(|(_, key, pending)| Some((key.as_str(), pending.used_at?)))
            .collect();
        let callers = living
            .iter()
            .flat_map(|(_, key, pending)| {
                pending.callers.iter().map(move |one| (key.as_str(), one))
            })
            .collect();
        let rows = Rows {
            account_hours: of_accounts(counted),
            key_hours,
            last_uses,
            callers,
        };
        rows.write(connection, now).await?;

        // Taken out until the commit: while it is unknown what is written, nothing is settled.
        let before = std::mem::take(&mut *lock(&usage.settled));
        let mut settled = Settled::with_hasher(before.hasher().clone());
        let mut changed = Vec::new();
        for (access_key, key, pending) in &living {
            let callers = fingerprint(&pending.callers, before.hasher());
            if before.get(access_key) != Some(&callers) {
                changed.push(key.as_str());
            }
            settled.insert(*access_key, callers);
        }
        forget_callers(connection, &changed, now).await?;
        Ok(settled)
    }
}

/// Returns the hours of each account, summed over its keys.
fn of_accounts(counted: &Counted) -> Vec<(&str, Hour)> {
    let mut sums: BTreeMap<(&str, i64), Hour> = BTreeMap::new();
    for pending in counted.values() {
        for hour in &pending.hours {
            sums.entry((&pending.account.id, hour.number))
                .and_modify(|sum| sum.count(*hour))
                .or_insert(*hour);
        }
    }
    sums.into_iter()
        .map(|((account, _), sum)| (account, sum))
        .collect()
}

/// Returns a value that is the same for the same callers, whatever their order and whenever they called.
fn fingerprint(callers: &[Caller], hasher: &impl BuildHasher) -> u64 {
    callers
        .iter()
        .map(|caller| hasher.hash_one((caller.address, &caller.agent)))
        .fold(0, u64::wrapping_add)
}

/// Splits rows into statements. Their numbers of rows are powers of two, so that there are few different statements,
/// all of them already prepared.
fn statements<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let count = ROWS.min(1 << rows.len().checked_ilog2()?);
        let (these, rest) = rows.split_at(count);
        rows = rest;
        Some(these)
    })
}

/// A table of hours, or of days.
struct Hours {
    table: &'static str,
    /// The column of the number: whole hours or days since the epoch.
    unit: &'static str,
    /// The column that names the key or the account.
    of: &'static str,
    /// The table of these, and its key.
    owners: &'static str,
    id: &'static str,
}

impl Hours {
    const OF_ACCOUNTS: Self = Self {
        table: "account_hours",
        unit: "hour",
        of: "account_id",
        owners: "accounts",
        id: "id",
    };
    const OF_KEYS: Self = Self {
        table: "key_hours",
        unit: "hour",
        of: "access_key",
        owners: "api_keys",
        id: "access_key",
    };
    const DAYS_OF_KEYS: Self = Self {
        table: "key_days",
        unit: "day",
        ..Self::OF_KEYS
    };
}

// Each of the following statements joins its rows with the keys or accounts that exist, because a row of a deleted one
// would violate the foreign key and fail the whole flush. CROSS JOIN makes SQLite look up each row's owner by its key.

/// Adds hours to a table, or days to one of days.
async fn add_hours(
    connection: &mut AnyConnection,
    Hours {
        table,
        unit,
        of,
        owners,
        id,
    }: Hours,
    rows: &[(&str, Hour)],
) -> Result<()> {
    for rows in statements(rows) {
        let statement = format!(
            "WITH counted (id, hour, accepted, refused) AS (VALUES {})
             INSERT INTO {table} ({of}, {unit}, accepted, refused)
             SELECT c.id, c.hour, c.accepted, c.refused FROM counted c CROSS JOIN {owners} o WHERE o.{id} = c.id
             ON CONFLICT ({of}, {unit}) DO UPDATE SET
                 accepted = {table}.accepted + excluded.accepted,
                 refused = {table}.refused + excluded.refused",
            placeholders(rows.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (id, hour) in rows {
            query = query
                .bind(*id)
                .bind(hour.number)
                .bind(hour.accepted)
                .bind(hour.rejected);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Records last uses. A stored use ahead of `now` is from a clock that jumped, and is replaced.
async fn note_uses(connection: &mut AnyConnection, rows: &[(&str, i64)], now: i64) -> Result<()> {
    for rows in statements(rows) {
        let statement = format!(
            "WITH uses (access_key, used_at) AS (VALUES {})
             INSERT INTO last_uses (access_key, used_at)
             SELECT u.access_key, u.used_at FROM uses u CROSS JOIN api_keys k WHERE k.access_key = u.access_key
             ON CONFLICT (access_key) DO UPDATE SET used_at = excluded.used_at
             WHERE excluded.used_at > last_uses.used_at OR last_uses.used_at > ${}",
            placeholders(rows.len(), 2),
            rows.len() * 2 + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, used_at) in rows {
            query = query.bind(*key).bind(*used_at);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Records callers. A stored rejection ahead of `now` is from a clock that jumped, and is dropped.
async fn note_callers(
    connection: &mut AnyConnection,
    rows: &[(&str, &Caller)],
    now: i64,
) -> Result<()> {
    for rows in statements(rows) {
        let statement = format!(
            "WITH called (access_key, address, agent, seen_at, refused_at) AS (VALUES {})
             INSERT INTO callers (access_key, address, agent, seen_at, refused_at)
             SELECT c.access_key, c.address, c.agent, c.seen_at, c.refused_at
             FROM called c CROSS JOIN api_keys k WHERE k.access_key = c.access_key
             ON CONFLICT (access_key, address, agent) DO UPDATE SET
                 seen_at = excluded.seen_at,
                 refused_at = COALESCE(excluded.refused_at,
                     CASE WHEN callers.refused_at <= ${} THEN callers.refused_at END)",
            placeholders(rows.len(), 5),
            rows.len() * 5 + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, caller) in rows {
            let address = caller.address.map(|address| address.to_string());
            query = query
                .bind(*key)
                .bind(address.unwrap_or_default())
                .bind(String::from_utf8_lossy(&caller.agent).into_owned())
                .bind(caller.seen_at)
                .bind(caller.rejected_at);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Keeps the last few callers of each of these keys, and none that lie ahead of `now`.
async fn forget_callers(connection: &mut AnyConnection, keys: &[&str], now: i64) -> Result<()> {
    for keys in statements(keys) {
        let statement = format!(
            "DELETE FROM callers WHERE (access_key, address, agent) IN (
                 SELECT access_key, address, agent FROM (
                     SELECT access_key, address, agent, seen_at, ROW_NUMBER() OVER (
                         PARTITION BY access_key
                         ORDER BY CASE WHEN seen_at > ${now} THEN 1 ELSE 0 END, seen_at DESC, address, agent) AS place
                     FROM callers WHERE access_key IN {keys}) AS placed
                 WHERE place > {CALLERS} OR seen_at > ${now})",
            keys = placeholders(1, keys.len()),
            now = keys.len() + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for key in keys {
            query = query.bind(*key);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the placeholders of `rows` rows of `columns` parameters: `($1, $2), ($3, $4)`.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let placeholders: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", placeholders.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::caller;
    use crate::test_support::{Fixture, carrier, execute};

    /// A key that another node has deleted may still be in this node's directory. Its calls count for the account, and
    /// do not keep those of other keys from being written.
    #[tokio::test]
    async fn a_key_that_is_only_in_the_directory_does_not_stop_a_flush() {
        let fixture = Fixture::new().await;
        fixture.leave_mail();
        let vault = &fixture.vault;
        let member = fixture.member("a@example.com").await;
        for name in ["gone", "kept"] {
            let key = fixture.key(&member, name, "90d").await;
            let headers = carrier(key.access_key, &key.secret_key);
            let accepted = vault
                .keys()
                .verify(&headers, &caller::Caller::default())
                .is_ok();
            assert!(accepted, "{name}");
        }
        execute(vault, "DELETE FROM api_keys WHERE name = 'gone'").await;
        vault.flush_usage().await.unwrap();
        let written: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM key_hours), (SELECT COUNT(*) FROM last_uses), (SELECT COUNT(*) FROM callers),
                    (SELECT accepted FROM account_hours)",
        )
        .fetch_one(&vault.0.database.readers)
        .await
        .unwrap();
        assert_eq!(written, (1, 1, 1, 2));
    }

    #[test]
    fn statements_hold_all_rows_in_order() {
        for count in [0, 1, 2, 3, 31, 32, 33, 1_000] {
            let rows: Vec<usize> = (0..count).collect();
            let parts: Vec<&[usize]> = statements(&rows).collect();
            assert_eq!(parts.concat(), rows);
            assert!(parts.iter().all(|part| part.len().is_power_of_two()));
            assert!(parts.len() <= count / ROWS + 5, "{count}: {}", parts.len());
        }
    }
}

//! The keys that need attention: the alarms of the Dashboard's banner, their order, and those that are snoozed.

use shared::view::KeyView;
use shared::view::overview::{Alarms, Attention, Overview, SnoozedKey};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::error::Result;
use crate::keys::preview::offers;
use crate::keys::queries::{ExpiredByRow, KEYS, ROW, Row, view};
use crate::storage::audit;
use crate::time::format::moment;
use crate::usage::{self, FAILING, FailingRow};
use crate::vault::Vault;

/// How long a key that expired by itself counts as an alarm, in milliseconds.
const RECENT_MS: i64 = 14 * shared::DAY_MS;

/// An alarm, and the numbers of all.
#[derive(FromRow)]
struct AlarmRow {
    #[sqlx(flatten)]
    key: Row,
    #[sqlx(flatten)]
    failing: FailingRow,
    #[sqlx(flatten)]
    expired_by: ExpiredByRow,
    /// 1 for a snoozed alarm.
    snoozed: i64,
    snoozed_until: Option<i64>,
    failing_keys: i64,
    soon_keys: i64,
    expired_keys: i64,
}

/// The keys of the banner.
#[derive(Default)]
pub(super) struct NeedsAttention {
    pub keys: Vec<Attention>,
    pub alarms: Alarms,
    pub snoozed: Vec<SnoozedKey>,
}

/// Leaves out the keys beyond [`Overview::ALARMS`], unless that is a single one: its line takes no more space than the
/// words about it.
fn at_most(mut keys: Vec<Attention>, alarms: Alarms) -> Vec<Attention> {
    if alarms.total() > i64::from(Overview::ALARMS) + 1 {
        keys.truncate(Overview::ALARMS as usize);
    }
    keys
}

impl Vault {
    /// Returns the alarms in the order of the banner. One is a key that is still called although it has expired, one that
    /// expires within the warning window, or one that expired by itself in the last fortnight. A key that was expired
    /// manually and is silent is as its owner wants it.
    ///
    /// A snooze holds for the expiration that it was set for, until its end. It ends early with that expiration, if it was
    /// set before, and when more callers fail than did then.
    pub(super) async fn attention(&self, account: &Account, now: i64) -> Result<NeedsAttention> {
        let expired_by = audit::expired_by("$1", "k.expires_at");
        let statement = format!(
            "SELECT k.*, {expired_by} FROM (
                 SELECT t.*,
                        COUNT(CASE WHEN alarm = 1 AND snoozed = 0 THEN 1 END) OVER () AS failing_keys,
                        COUNT(CASE WHEN alarm = 2 AND snoozed = 0 THEN 1 END) OVER () AS soon_keys,
                        COUNT(CASE WHEN alarm = 3 AND snoozed = 0 THEN 1 END) OVER () AS expired_keys,
                        ROW_NUMBER() OVER (PARTITION BY snoozed
                            ORDER BY alarm, failed_at DESC, ABS(expires_at - $4), access_key) AS place
                 FROM (SELECT s.*,
                              CASE WHEN failing > 0 THEN 1
                                   WHEN expires_at > $4 THEN 2
                                   WHEN expiration_set_at < expires_at AND expires_at > $5 THEN 3
                                   ELSE 0 END AS alarm,
                              CASE WHEN snoozed_until > $4 AND snoozed_for = expires_at AND snoozed_failing >= failing
                                        AND (expires_at > $4 OR snoozed_at >= expires_at) THEN 1
                                   ELSE 0 END AS snoozed
                       FROM (SELECT {ROW}, k.expiration_set_at, {FAILING}, z.ends_at AS snoozed_until,
                                    z.expires_at AS snoozed_for, z.set_at AS snoozed_at, z.failing AS snoozed_failing
                             FROM {KEYS} LEFT JOIN snoozes z ON z.access_key = k.access_key
                             WHERE k.account_id = $1 AND k.expires_at <= $3) s) t
                 WHERE alarm > 0) k
             WHERE place <= CASE WHEN snoozed = 0 THEN {} ELSE {} END
             ORDER BY snoozed, place",
            Overview::ALARMS + 1,
            Overview::SNOOZED
        );
        // Built from constants only; all input is bound.
        let rows: Vec<AlarmRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(usage::still(now))
            .bind(now + account.window())
            .bind(now)
            .bind(now - RECENT_MS)
            .fetch_all(&self.readers())
            .await?;
        let mut found = NeedsAttention::default();
        for row in rows {
            found.alarms = Alarms {
                failing: row.failing_keys,
                soon: row.soon_keys,
                expired: row.expired_keys,
            };
            match row.snoozed_until.filter(|_| row.snoozed > 0) {
                Some(until) => found.snoozed.push(SnoozedKey {
                    access_key: row.key.access_key,
                    name: row.key.name,
                    until: moment(until, account.time_zone),
                }),
                None => found.keys.push(Attention {
                    key: KeyView {
                        offers: offers(row.key.expires_at, account, now),
                        ..view(row.key, account, now)
                    },
                    failing: row.failing.view(account.time_zone),
                    expired_by: row.expired_by.sentence(),
                }),
            }
        }
        found.keys = at_most(found.keys, found.alarms);
        Ok(found)
    }
}

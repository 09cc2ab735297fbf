//! Comparison of the present database with the backup that is to replace it: everything revoked since the backup was
//! made.

use std::path::Path;

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::company::Company;
use super::trail::Trail;
use crate::operators::expiries::OPERATORS;

/// The outcome of comparing the present database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Present {
    /// It was compared with the backup.
    Compared,
    /// It was compared, but it does not continue the backup: an older one was restored in between. Revocations that
    /// neither of the two recorded are unknown.
    Parted,
    /// There is no present database.
    Missing,
    /// It has no account in common with the backup.
    Unrelated,
    /// It cannot be read.
    Unreadable(String),
}

/// The reason why a key that the backup has in use should not be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Since {
    Deleted,
    Expired,
    /// It is still good, and for less long than in the backup.
    Shortened,
    /// The operator named it.
    Named,
}

/// A key that the backup would revive or let live for longer.
#[derive(Clone, Debug)]
pub struct Revived {
    pub access_key: String,
    pub name: String,
    pub email: String,
    pub account: String,
    pub since: Since,
    /// The instant at which it should expire, UTC epoch milliseconds.
    pub expires_at: i64,
}

/// The access and the recipients of an account in the present database.
#[derive(Debug, FromRow)]
pub struct Account {
    pub id: String,
    pub email: String,
    /// Its address in the backup.
    pub earlier: String,
    pub password: String,
    pub confirmed_at: Option<i64>,
    pub second_recipient: Option<String>,
    pub second_confirmed_at: Option<i64>,
    pub feed_generation: i64,
    pub owned_at: Option<i64>,
}

/// Everything that the present database has and the backup lacks.
#[derive(Debug)]
pub struct Difference {
    pub present: Present,
    pub revived: Vec<Revived>,
    pub lost: Vec<(String, String, String)>,
    /// Keys that are expired or deleted, and unknown to the backup: access key, account and name. A later backup may
    /// know them.
    pub gone: Vec<(String, String, String)>,
    /// Accounts whose address, password or second recipient has changed since.
    pub accounts: Vec<Account>,
    pub company: Company,
    /// The instant up to which notices were swept.
    pub swept_to: Option<i64>,
    /// Mails that wait in the backup and have an outcome, by id.
    pub settled: Vec<(String, String)>,
    /// The latest recorded instant.
    pub recorded: Option<i64>,
}

impl Difference {
    pub fn none(present: Present) -> Self {
        Self {
            present,
            revived: Vec::new(),
            lost: Vec::new(),
            gone: Vec::new(),
            accounts: Vec::new(),
            company: Company::default(),
            swept_to: None,
            settled: Vec::new(),
            recorded: None,
        }
    }
}

/// Compares the database at `path` with the backup on `connection`. If it cannot be read to its end, it counts as
/// unreadable, whatever was found before.
pub async fn compare(connection: &mut AnyConnection, path: &Path, now: i64) -> Difference {
    let Some(name) = path.to_str() else {
        let reason = "its path is not UTF-8".to_owned();
        return Difference::none(Present::Unreadable(reason));
    };
    let attached = sqlx::query("ATTACH DATABASE $1 AS present")
        .bind(name)
        .execute(&mut *connection)
        .await;
    let compared = match attached {
        Ok(_) => difference(connection, now).await,
        Err(error) => Err(error),
    };
    let _ = sqlx::query("DETACH DATABASE present")
        .execute(connection)
        .await;
    compared.unwrap_or_else(|error| Difference::none(Present::Unreadable(error.to_string())))
}

/// Returns the latest of all instants that `database` has recorded, as the floor of the clock reads them.
pub async fn recorded(connection: &mut AnyConnection, database: &str) -> sqlx::Result<Option<i64>> {
    let (has_clock,): (i64,) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT COUNT(*) FROM {database}.sqlite_master WHERE name = 'clock'"
    )))
    .fetch_one(&mut *connection)
    .await?;
    let disbelieved = if has_clock > 0 {
        format!("(SELECT MAX(disbelieved) FROM {database}.clock)")
    } else {
        "0".to_owned()
    };
    let (audit, swept, seen): (Option<i64>, Option<i64>, Option<i64>) =
        sqlx::query_as(AssertSqlSafe(format!(
            "SELECT (SELECT MAX(at) FROM {database}.audit WHERE id + 0 > {disbelieved}),
                    (SELECT MAX(swept_to) FROM {database}.sweeps), (SELECT MAX(seen_at) FROM {database}.sessions)"
        )))
        .fetch_one(connection)
        .await?;
    Ok([audit, swept, seen].into_iter().flatten().max())
}

/// Returns a key of the backup that is to expire at `at`, unless it has expired before.
pub async fn named(
    connection: &mut AnyConnection,
    access_key: &str,
    at: i64,
) -> sqlx::Result<Option<Revived>> {
    #[derive(FromRow)]
    struct Row {
        name: String,
        email: String,
        account: String,
        expires_at: Option<i64>,
    }
    let row: Option<Row> = sqlx::query_as(
        "SELECT k.name, a.email, a.id AS account, k.expires_at FROM api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.access_key = $1",
    )
    .bind(access_key)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Revived {
        access_key: access_key.to_owned(),
        name: row.name,
        email: row.email,
        account: row.account,
        since: Since::Named,
        expires_at: row.expires_at.map_or(at, |expires_at| expires_at.min(at)),
    }))
}

async fn difference(connection: &mut AnyConnection, now: i64) -> sqlx::Result<Difference> {
    let ours = recorded(connection, "main").await?;
    let theirs = recorded(connection, "present").await?;
    let (common,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM main.accounts WHERE id IN (SELECT id FROM present.accounts) AND id <> $1",
    )
    .bind(OPERATORS)
    .fetch_one(&mut *connection)
    .await?;
    if common == 0 {
        return Ok(Difference {
            company: Company::read(connection, None).await?,
            recorded: theirs,
            ..Difference::none(Present::Unrelated)
        });
    }
    let trail = Trail::read(connection).await?;
    let instants = [Some(now), ours, theirs].into_iter().flatten();
    let at = instants.clone().max().unwrap_or(now);
    let earliest = instants.min().unwrap_or(now);
    // Only this row is about what was swept. The other one, of nodes, may be about a sweep that did not end.
    let swept_to: Option<(i64,)> =
        sqlx::query_as("SELECT swept_to FROM present.sweeps WHERE id = 1")
            .fetch_optional(&mut *connection)
            .await?;
    let swept_to = swept_to.map(|(swept_to,)| swept_to);
    // An earlier version did not tell the two apart; this is the rule of its migration.
    let (has_owners,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM pragma_table_info('accounts', 'present') WHERE name = 'owned_at'",
    )
    .fetch_one(&mut *connection)
    .await?;
    let owned_at = if has_owners > 0 {
        "p.owned_at"
    } else {
        "CASE WHEN NOT EXISTS (
             SELECT 1 FROM present.audit u
             WHERE u.account_id = p.id AND u.subject = '' AND u.action = 'account.password_reset'
               AND u.at = p.confirmed_at AND u.detail <> 'claimed') THEN p.confirmed_at END"
    };
    Ok(Difference {
        present: if trail.continues {
            Present::Compared
        } else {
            Present::Parted
        },
        revived: revived(connection, trail, (earliest, at), swept_to).await?,
        lost: sqlx::query_as(
            "SELECT p.access_key, p.name, a.email
             FROM present.api_keys p JOIN present.accounts a ON a.id = p.account_id
             WHERE (p.expires_at IS NULL OR p.expires_at > $1)
               AND p.access_key NOT IN (SELECT access_key FROM main.api_keys)
             ORDER BY a.email, p.access_key",
        )
        .bind(at)
        .fetch_all(&mut *connection)
        .await?,
        gone: sqlx::query_as(
            "SELECT p.access_key, p.account_id, p.name FROM present.api_keys p
             WHERE p.expires_at <= $1 AND p.access_key NOT IN (SELECT access_key FROM main.api_keys)
             UNION
             SELECT u.subject, u.account_id, u.detail FROM present.audit u
             WHERE u.id > $2 AND u.action = 'key.deleted' AND u.subject NOT IN (SELECT access_key FROM main.api_keys)",
        )
        .bind(at)
        .bind(trail.common)
        .fetch_all(&mut *connection)
        .await?,
        accounts: sqlx::query_as(AssertSqlSafe(format!(
            "SELECT p.id, p.email, b.email AS earlier, p.password, p.confirmed_at, p.second_recipient, p.second_confirmed_at, p.feed_generation,
                    {owned_at} AS owned_at
             FROM main.accounts b JOIN present.accounts p ON p.id = b.id
             WHERE {} AND (p.email <> b.email OR p.password <> b.password OR p.feed_generation <> b.feed_generation
                OR p.confirmed_at IS DISTINCT FROM b.confirmed_at
                OR p.second_recipient IS DISTINCT FROM b.second_recipient
                OR p.second_confirmed_at IS DISTINCT FROM b.second_confirmed_at
                OR {owned_at} IS DISTINCT FROM b.owned_at)",
            trail.knows_account()
        )))
        .fetch_all(&mut *connection)
        .await?,
        company: Company::read(connection, Some(trail)).await?,
        settled: sqlx::query_as(
            "SELECT b.id, COALESCE(p.outcome, 'dropped') FROM main.outbox b LEFT JOIN present.outbox p ON p.id = b.id
             WHERE b.outcome IS NULL AND (p.id IS NULL OR p.outcome IS NOT NULL)",
        )
        .fetch_all(connection)
        .await?,
        swept_to,
        recorded: theirs,
    })
}

/// Returns the keys that are good in the backup at `earliest`, and deleted, expired or shortened by `at` in the present
/// database. A leap of the clock, if there was one, lies between the two: a key that has expired only because of it
/// would be good again once the operator accepts the machine's clock.
async fn revived(
    connection: &mut AnyConnection,
    trail: Trail,
    (earliest, at): (i64, i64),
    swept_to: Option<i64>,
) -> sqlx::Result<Vec<Revived>> {
    #[derive(FromRow)]
    struct Row {
        access_key: String,
        name: String,
        email: String,
        account: String,
        expires_at: Option<i64>,
        present: Option<String>,
        present_expires_at: Option<i64>,
        deleted_at: Option<i64>,
    }
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT b.access_key, b.name, a.email, a.id AS account, b.expires_at, p.access_key AS present,
                p.expires_at AS present_expires_at,
                (SELECT MAX(u.at) FROM present.audit u
                 WHERE u.account_id = b.account_id AND u.subject = b.access_key AND u.action = 'key.deleted') AS deleted_at
         FROM main.api_keys b JOIN main.accounts a ON a.id = b.account_id
         LEFT JOIN present.api_keys p ON p.access_key = b.access_key
         WHERE (b.expires_at IS NULL OR b.expires_at > $1)
           AND (p.access_key IS NULL OR p.expires_at < COALESCE(b.expires_at, 9223372036854775807)
                OR (p.expires_at = p.expiration_set_at AND b.expires_at <> b.expiration_set_at))
           AND {}
         ORDER BY a.email, b.access_key",
        trail.knows_key()
    )))
    .bind(earliest)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (since, expires_at) = match (row.present, row.present_expires_at) {
                (Some(_), Some(expired)) if expired <= at => (Since::Expired, expired),
                (Some(_), Some(shorter)) => (Since::Shortened, shorter),
                // Before the instant of the last sweep: no further notice is sent about a deleted key.
                _ => {
                    let swept = swept_to.map_or(at, |swept| swept - 1);
                    let revoked = row.deleted_at.unwrap_or(at).min(swept);
                    (
                        Since::Deleted,
                        row.expires_at.map_or(revoked, |at| at.min(revoked)),
                    )
                }
            };
            Revived {
                access_key: row.access_key,
                name: row.name,
                email: row.email,
                account: row.account,
                since,
                expires_at,
            }
        })
        .collect())
}

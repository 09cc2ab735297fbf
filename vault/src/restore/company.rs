//! What the company's operators changed since the backup was made: suspensions, external ids and addresses for notices,
//! deleted accounts, and their own tokens.
//!
//! The present database is right about all of it. So a suspended account stays suspended, and an external id leads to
//! the account that has it now or to none, never to the one that had it. Tokens are taken over as they are: a revoked
//! one stays revoked, also one that the backup does not know, because a start would adopt it from its file. Stored answers
//! to requests are dropped: a repeated request must not be told of a key that is gone. So are portal sessions, with all others.

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::trail::Trail;
use crate::accounts::{deletion, notice_addresses};
use crate::storage::audit::{self, Action, Entry, Origin};

/// The actions that decide who has an external id.
const NAMES: [Action; 3] = [
    Action::AccountCreated,
    Action::AccountEdited,
    Action::AccountDeleted,
];
const SUSPENDS: [Action; 2] = [Action::Suspended, Action::Resumed];

/// Everything of the company's that the present database has and the backup lacks.
#[derive(Debug, Default)]
pub struct Company {
    /// Accounts whose suspension differs.
    suspensions: Vec<Suspension>,
    /// Accounts whose external id or addresses for notices differ.
    named: Vec<Named>,
    /// External ids that an account has in the backup and another one has now: that account and the id.
    moved: Vec<(String, String)>,
    /// Accounts that were deleted.
    deleted: Vec<String>,
    /// The last decision about accounts that the backup does not know: account, action and reason. A later backup may know
    /// them.
    gone: Vec<(String, String, String)>,
    tokens: Vec<Token>,
}

/// The last decision about an account.
#[derive(Debug, FromRow)]
struct Suspension {
    id: String,
    suspended_at: Option<i64>,
    suspended_reason: String,
}

#[derive(Debug)]
struct Named {
    id: String,
    external_id: Option<String>,
    addresses: Vec<String>,
}

#[derive(Debug, FromRow)]
struct Token {
    id: String,
    name: String,
    digest: Vec<u8>,
    pepper_id: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

/// What a restore kept of the company's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Kept {
    /// Accounts that would not be suspended any more.
    pub suspended: usize,
    /// Accounts that lose their external id, which another one has had since: account and id.
    pub unnamed: Vec<(String, String)>,
    /// Operators' tokens that would be good again.
    pub revoked: usize,
}

impl Company {
    /// Compares the present database with the backup. `trail` is none if the two have no account in common; then only
    /// revoked tokens are of interest.
    pub async fn read(connection: &mut AnyConnection, trail: Option<Trail>) -> sqlx::Result<Self> {
        let (has_tokens,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM present.sqlite_master WHERE name = 'operator_tokens'",
        )
        .fetch_one(&mut *connection)
        .await?;
        // An earlier version had no operators.
        if has_tokens == 0 {
            return Ok(Self::default());
        }
        let which = if trail.is_some() {
            ""
        } else {
            "WHERE revoked_at IS NOT NULL"
        };
        let tokens = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT id, name, digest, pepper_id, scopes, created_at, expires_at, revoked_at, last_used_at
             FROM present.operator_tokens {which} ORDER BY created_at, id"
        )))
        .fetch_all(&mut *connection)
        .await?;
        let Some(trail) = trail else {
            return Ok(Self {
                tokens,
                ..Self::default()
            });
        };
        Ok(Self {
            suspensions: suspensions(connection, trail).await?,
            named: named(connection, trail).await?,
            moved: sqlx::query_as(AssertSqlSafe(format!(
                "SELECT m.id, m.external_id FROM main.accounts m JOIN present.accounts b ON b.external_id = m.external_id
                 WHERE b.id <> m.id AND {}",
                trail.has_entry(&NAMES)
            )))
            .fetch_all(&mut *connection)
            .await?,
            deleted: deleted(connection, trail).await?,
            gone: gone(connection, trail).await?,
            tokens,
        })
    }

    /// Applies it to the working copy, at the instant `at`.
    pub async fn carry_over(
        &self,
        connection: &mut AnyConnection,
        at: i64,
    ) -> crate::error::Result<Kept> {
        let mut kept = Kept::default();
        for one in &self.suspensions {
            kept.suspended += usize::from(one.suspended_at.is_some());
            sqlx::query(
                "UPDATE accounts SET suspended_at = CAST($1 AS BIGINT), suspended_reason = $2 WHERE id = $3",
            )
            .bind(one.suspended_at)
            .bind(&one.suspended_reason)
            .bind(&one.id)
            .execute(&mut *connection)
            .await?;
            let action = match one.suspended_at {
                Some(_) => Action::Suspended,
                None => Action::Resumed,
            };
            note(connection, at, (&one.id, action), &one.suspended_reason).await?;
        }
        // External ids are unique, and accounts may have exchanged theirs.
        let left = self.moved.iter().map(|(id, _)| id);
        for id in left.chain(self.named.iter().map(|named| &named.id)) {
            set_external_id(connection, id, None).await?;
        }
        for Named {
            id,
            external_id,
            addresses,
        } in &self.named
        {
            set_external_id(connection, id, external_id.as_deref()).await?;
            notice_addresses::set(connection, id, addresses).await?;
            let detail = "external_id, notice_emails, by restoring a backup";
            note(connection, at, (id, Action::AccountEdited), detail).await?;
        }
        for id in &self.deleted {
            deletion::empty_row(connection, id).await?;
            note(connection, at, (id, Action::AccountDeleted), "").await?;
        }
        for (id, external_id) in &self.moved {
            let handled =
                self.deleted.contains(id) || self.named.iter().any(|named| named.id == *id);
            if !handled {
                let detail = "external_id, by restoring a backup";
                note(connection, at, (id, Action::AccountEdited), detail).await?;
                kept.unnamed.push((id.clone(), external_id.clone()));
            }
        }
        for (id, action, reason) in &self.gone {
            if let Some(action) = Action::from_slug(action) {
                note(connection, at, (id, action), reason).await?;
            }
        }
        for token in &self.tokens {
            kept.revoked += usize::from(token.carry_over(connection, at).await?);
        }
        // A link that was used or ended since must not open anything.
        for table in ["idempotency_keys", "portal_sessions"] {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}")))
                .execute(&mut *connection)
                .await?;
        }
        Ok(kept)
    }
}

impl Token {
    /// Returns whether the token would have been good again.
    async fn carry_over(
        &self,
        connection: &mut AnyConnection,
        at: i64,
    ) -> crate::error::Result<bool> {
        // Not by its id: a token that was adopted from its file has another one in each database.
        let known: Option<(String, Option<i64>)> =
            sqlx::query_as("SELECT id, revoked_at FROM operator_tokens WHERE digest = $1")
                .bind(&self.digest)
                .fetch_optional(&mut *connection)
                .await?;
        let Some((id, revoked_at)) = known else {
            sqlx::query(
                "INSERT INTO operator_tokens (id, name, digest, pepper_id, scopes, created_at, expires_at, revoked_at, last_used_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, CAST($8 AS BIGINT), CAST($9 AS BIGINT))",
            )
            .bind(&self.id)
            .bind(&self.name)
            .bind(&self.digest)
            .bind(&self.pepper_id)
            .bind(&self.scopes)
            .bind(self.created_at)
            .bind(self.expires_at)
            .bind(self.revoked_at)
            .bind(self.last_used_at)
            .execute(connection)
            .await?;
            return Ok(false);
        };
        sqlx::query(
            "UPDATE operator_tokens SET revoked_at = COALESCE(revoked_at, CAST($1 AS BIGINT)),
                 last_used_at = COALESCE(CAST($2 AS BIGINT), last_used_at)
             WHERE id = $3",
        )
        .bind(self.revoked_at)
        .bind(self.last_used_at)
        .bind(&id)
        .execute(&mut *connection)
        .await?;
        if self.revoked_at.is_none() || revoked_at.is_some() {
            return Ok(false);
        }
        let revoked = Entry::of_token(&id, Action::TokenRevoked, &self.name);
        audit::record(connection, at, revoked, &Origin::system()).await?;
        Ok(true)
    }
}

async fn suspensions(
    connection: &mut AnyConnection,
    trail: Trail,
) -> sqlx::Result<Vec<Suspension>> {
    // The present database may have lost an account to an older backup, and have only its last suspension in the trail.
    sqlx::query_as(AssertSqlSafe(format!(
        "SELECT b.id, p.suspended_at, p.suspended_reason FROM main.accounts b JOIN present.accounts p ON p.id = b.id
         WHERE (p.suspended_at IS DISTINCT FROM b.suspended_at OR p.suspended_reason <> b.suspended_reason) AND {}
         UNION ALL
         SELECT b.id, u.at, u.detail FROM main.accounts b JOIN present.audit u ON u.account_id = b.id
         WHERE b.id NOT IN (SELECT id FROM present.accounts) AND {}",
        trail.has_entry(&SUSPENDS),
        last_suspended(trail)
    )))
    .fetch_all(connection)
    .await
}

/// Returns a condition: the entry (`u`) suspends its account, and no later one resumes it.
fn last_suspended(trail: Trail) -> String {
    format!(
        "u.action = 'account.suspended' AND u.id > {}
         AND NOT EXISTS (SELECT 1 FROM present.audit w WHERE w.account_id = u.account_id AND w.id > u.id
                         AND w.action IN ('account.suspended', 'account.resumed'))",
        trail.common
    )
}

async fn named(connection: &mut AnyConnection, trail: Trail) -> sqlx::Result<Vec<Named>> {
    let addresses = |database: &str| {
        format!("SELECT place, address FROM {database}.notice_addresses WHERE account_id = b.id")
    };
    let (before, after) = (addresses("main"), addresses("present"));
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT b.id, p.external_id FROM main.accounts b JOIN present.accounts p ON p.id = b.id
         WHERE (p.external_id IS DISTINCT FROM b.external_id OR EXISTS ({before} EXCEPT {after}) OR EXISTS ({after} EXCEPT {before}))
           AND {}",
        trail.has_entry(&NAMES)
    )))
    .fetch_all(&mut *connection)
    .await?;
    let mut named = Vec::new();
    for (id, external_id) in rows {
        let addresses: Vec<(String,)> = sqlx::query_as(
            "SELECT address FROM present.notice_addresses WHERE account_id = $1 ORDER BY place",
        )
        .bind(&id)
        .fetch_all(&mut *connection)
        .await?;
        named.push(Named {
            id,
            external_id,
            addresses: addresses.into_iter().map(|(address,)| address).collect(),
        });
    }
    Ok(named)
}

/// Accounts whose row is empty now, or gone: that of an account without an address soon is.
async fn deleted(connection: &mut AnyConnection, trail: Trail) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT b.id FROM main.accounts b
         WHERE b.password <> '' AND NOT EXISTS (SELECT 1 FROM present.accounts p WHERE p.id = b.id AND p.password <> '')
           AND {}",
        trail.has_entry(&[Action::AccountDeleted])
    )))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

async fn gone(
    connection: &mut AnyConnection,
    trail: Trail,
) -> sqlx::Result<Vec<(String, String, String)>> {
    sqlx::query_as(AssertSqlSafe(format!(
        "SELECT p.id, 'account.suspended', p.suspended_reason FROM present.accounts p
         WHERE p.suspended_at IS NOT NULL AND p.id NOT IN (SELECT id FROM main.accounts)
         UNION
         SELECT u.account_id, u.action, u.detail FROM present.audit u
         WHERE u.account_id NOT IN (SELECT id FROM main.accounts)
           AND u.account_id NOT IN (SELECT id FROM present.accounts) AND {}
         UNION
         SELECT u.account_id, u.action, '' FROM present.audit u
         WHERE u.account_id NOT IN (SELECT id FROM main.accounts) AND u.id > {} AND u.action = 'account.deleted'",
        last_suspended(trail),
        trail.common
    )))
    .fetch_all(connection)
    .await
}

async fn set_external_id(
    connection: &mut AnyConnection,
    id: &str,
    external_id: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE accounts SET external_id = CAST($1 AS TEXT), folded = '' WHERE id = $2")
        .bind(external_id.map(str::to_owned))
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn note(
    connection: &mut AnyConnection,
    at: i64,
    (account, action): (&str, Action),
    detail: &str,
) -> crate::error::Result<()> {
    let entry = Entry::of_account(account, action, detail);
    audit::record(connection, at, entry, &Origin::system()).await
}

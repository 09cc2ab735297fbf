//! Revocation in the working copy of everything that the present database has revoked since the backup was made.

use sqlx::AnyConnection;

use super::Wanted;
use super::accounts::{self, Parted};
use super::company::Kept;
use super::compare::{Difference, Since};
use crate::storage::audit::{self, Action, Entry, Origin, Replaced};

/// Applies all revocations to the copy before it replaces the database.
pub async fn revoke(
    connection: &mut AnyConnection,
    difference: &Difference,
    wanted: &Wanted,
    at: i64,
) -> crate::error::Result<(Vec<Parted>, Kept)> {
    for key in &difference.revived {
        if wanted.keep_revived && key.since != Since::Named {
            continue;
        }
        let (expires_at, set_at): (Option<i64>, i64) = sqlx::query_as(
            "SELECT expires_at, expiration_set_at FROM api_keys WHERE access_key = $1",
        )
        .bind(&key.access_key)
        .fetch_one(&mut *connection)
        .await?;
        sqlx::query(
            "UPDATE api_keys SET expires_at = $1, expiration_set_at = $2 WHERE access_key = $3",
        )
        .bind(key.expires_at)
        .bind(key.expires_at.min(at))
        .bind(&key.access_key)
        .execute(&mut *connection)
        .await?;
        let (action, detail) = if key.expires_at <= at {
            (Action::Expired, "by restoring a backup")
        } else {
            (Action::Edited, "expiration, by restoring a backup")
        };
        let entry = Entry {
            account_id: &key.account,
            action,
            subject: &key.access_key,
            detail,
            external_id: "",
            expires_at: Some(key.expires_at),
            replaced: Some(Replaced {
                change: None,
                name: None,
                description: None,
                expires_at,
                set_at,
            }),
        };
        audit::record(connection, at, entry, &Origin::system()).await?;
    }
    let addresses = accounts::carry_over(connection, &difference.accounts).await?;
    let kept = difference.company.carry_over(connection, at).await?;
    // Differences that only the present database knows are recorded, because yet another backup may be restored.
    for (access_key, account_id, detail) in &difference.gone {
        let gone = Entry {
            account_id,
            action: Action::Deleted,
            subject: access_key,
            detail,
            external_id: "",
            expires_at: None,
            replaced: None,
        };
        audit::record(connection, at, gone, &Origin::system()).await?;
    }
    for account in &difference.accounts {
        let kept = Entry::of_account(&account.id, Action::DatabaseRestored, "account kept");
        audit::record(connection, at, kept, &Origin::system()).await?;
    }
    // After a sign-out, a new password or a new link, the old ones must not work again.
    for statement in ["DELETE FROM sessions", "DELETE FROM operator_sessions"] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    sqlx::query("UPDATE links SET used_at = $1 WHERE used_at IS NULL")
        .bind(at)
        .execute(&mut *connection)
        .await?;
    // Notices and mails that were handled meanwhile are not sent again.
    if let Some(swept_to) = difference.swept_to {
        sqlx::query("UPDATE sweeps SET swept_to = $1 WHERE id = 1 AND swept_to < $1")
            .bind(swept_to)
            .execute(&mut *connection)
            .await?;
    }
    for (mail, outcome) in &difference.settled {
        sqlx::query(
            "UPDATE outbox SET outcome = $1, finished_at = $2, next_at = NULL, leased_at = NULL
             WHERE id = $3 AND outcome IS NULL",
        )
        .bind(outcome)
        .bind(at)
        .bind(mail)
        .execute(&mut *connection)
        .await?;
    }
    // The trail begins again where the backup ends, and what it records from here on is believed.
    sqlx::query(
        "UPDATE clock SET disbelieved = (SELECT COALESCE(MAX(id), 0) FROM audit)
         WHERE disbelieved > (SELECT COALESCE(MAX(id), 0) FROM audit)",
    )
    .execute(&mut *connection)
    .await?;
    // This entry is also the floor of the clock: time continues from the latest instant in either database.
    let restored = Entry::of_account("", Action::DatabaseRestored, "");
    audit::record(connection, at, restored, &Origin::system()).await?;
    Ok((addresses, kept))
}

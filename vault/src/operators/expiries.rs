//! Notices about operators' own tokens: 30, 7 and 1 days before one expires, as far as its life allows, and when it has
//! expired, to the operator's address.
//!
//! They take the route of all notices: the sweep's position, the ledger, the outbox. A mail belongs to an account, so
//! these belong to one without an owner: its row is as that of a deleted account, and goes like one, with the last mail.

use std::sync::LazyLock;

use shared::notice::Stage;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::accounts::deletion;
use crate::error::Result;
use crate::notices::sweep;
use crate::outbox::ledger;
use crate::outbox::{self, MailTo, Wait};
use crate::storage::{System, Tx};
use crate::vault::Vault;

/// The account of these mails.
pub const OPERATORS: &str = "operators";

const STAGES: [Stage; 4] = [Stage::Days30, Stage::Days7, Stage::Days1, Stage::Expired];

/// The tokens are few: an index would not help.
static NEXT_DUE: LazyLock<String> = LazyLock::new(|| {
    let stages = STAGES.map(|stage| format!("({})", stage.lead())).join(", ");
    format!(
        "WITH stages (lead) AS (VALUES {stages})
         SELECT MIN(t.expires_at - s.lead) FROM stages s CROSS JOIN sweeps w CROSS JOIN operator_tokens t
         WHERE w.id = 1 AND t.revoked_at IS NULL AND t.expires_at - s.lead >= w.swept_to"
    )
});

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    created_at: i64,
    expires_at: i64,
}

impl Row {
    /// Returns the most urgent stage that fell due from `from` until before `now`.
    fn due(&self, from: i64, now: i64) -> Option<Stage> {
        STAGES.into_iter().rev().find(|stage| {
            let due = stage.due(self.expires_at);
            due >= from && due < now && stage.applies(self.created_at, self.expires_at)
        })
    }
}

impl Vault {
    /// Returns the instant after which the next sweep finds something, UTC epoch milliseconds; none if nothing expires.
    pub(crate) async fn next_due(&self) -> Result<Option<i64>> {
        let database = &self.0.database;
        let keys = sweep::next_due(database).await?;
        if self.0.operator_email.is_none() {
            return Ok(keys);
        }
        let (tokens,): (Option<i64>,) = sqlx::query_as(AssertSqlSafe(NEXT_DUE.as_str()))
            .fetch_one(&database.readers)
            .await?;
        Ok([keys, tokens].into_iter().flatten().min())
    }

    /// Records everything that fell due before `now`, and returns how many mails it put into the outbox.
    pub(crate) async fn sweep_to(&self, now: i64) -> Result<usize> {
        let database = &self.0.database;
        let mut mails = 0;
        // Before the sweep of the keys, which ends by moving the position. If it fails, the ledger has this already.
        if let Some(email) = &self.0.operator_email {
            let announce = async |tx: &mut Tx| {
                let told = announce(tx.connection(), email, now).await?;
                if !told {
                    tx.roll_back();
                }
                Ok(told)
            };
            mails += usize::from(database.transact(System, announce).await?);
        }
        mails += sweep::sweep(database, now).await?;
        Ok(mails)
    }
}

/// Writes one mail about all tokens that are due. Returns whether there are any.
async fn announce(connection: &mut AnyConnection, email: &str, now: i64) -> Result<bool> {
    let (from,): (i64,) = sqlx::query_as("SELECT swept_to FROM sweeps WHERE id = 1")
        .fetch_one(&mut *connection)
        .await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, created_at, expires_at FROM operator_tokens
         WHERE revoked_at IS NULL AND expires_at >= $1 AND expires_at < $2 ORDER BY expires_at, id",
    )
    .bind(from)
    .bind(now.saturating_add(Stage::Days30.lead()))
    .fetch_all(&mut *connection)
    .await?;
    let due: Vec<(Row, Stage)> = rows
        .into_iter()
        .filter_map(|row| row.due(from, now).map(|stage| (row, stage)))
        .collect();
    if due.is_empty() {
        return Ok(false);
    }
    deletion::insert_ownerless(connection, OPERATORS, now).await?;
    let wait = Wait {
        from: now,
        length: 0,
    };
    let id = outbox::notice(connection, OPERATORS, email, now, wait).await?;
    let mail = MailTo {
        id: &id,
        account: OPERATORS,
        recipient: email,
    };
    let mut news = false;
    for (
        Row {
            id,
            name,
            expires_at,
            ..
        },
        stage,
    ) in &due
    {
        news |= ledger::record_token(connection, &mail, (id, name), (*expires_at, *stage)).await?;
    }
    if !news {
        ledger::remove_if_empty(connection, &id).await?;
    }
    Ok(news)
}

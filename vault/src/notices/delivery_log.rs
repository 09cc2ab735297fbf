//! Delivery log of an account, for Preferences → Notices: the settings, and each mail with its time, recipient and
//! keys.

use shared::capability::Need;
use std::collections::HashMap;

use shared::notice::{Stage, Stages};
use shared::view::notices::{DeliveredKey, Delivery, NoticesView, SecondRecipient};
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::outbox;
use crate::time::format::moment;
use crate::vault::Vault;

/// The settings of an account.
#[derive(FromRow)]
struct SettingsRow {
    confirmed_at: Option<i64>,
    owned_at: Option<i64>,
    stages: String,
    second_recipient: Option<String>,
    second_confirmed_at: Option<i64>,
}

/// A mail in the log.
#[derive(FromRow)]
struct MailRow {
    id: String,
    kind: String,
    recipient: String,
    created_at: i64,
    outcome: Option<String>,
    /// When the mail was settled or leased, or is due; none: at once.
    at: Option<i64>,
    attempts: i64,
    words: String,
}

/// A key that a mail is about.
#[derive(FromRow)]
struct KeyRow {
    mail_id: String,
    /// How many keys the mail is about.
    count: i64,
    access_key: String,
    name: String,
    stage: String,
    expires_at: i64,
    left_out: Option<String>,
    /// The access key again, while the key exists.
    present: Option<String>,
}

impl Vault {
    /// Returns the settings and the delivery log of an account, without the address of its calendar
    /// ([`Vault::calendar_url`]).
    pub async fn notices(&self, account: &Account) -> Result<NoticesView> {
        let _reading = self.reading(&account.id).await?;
        let row: SettingsRow = sqlx::query_as(
            "SELECT confirmed_at, owned_at, stages, second_recipient, second_confirmed_at
             FROM accounts WHERE id = $1",
        )
        .bind(&account.id)
        .fetch_one(&self.readers())
        .await?;
        let stages: Stages = row.stages.parse().unwrap_or(Stages::ALL);
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE account_id = $1")
            .bind(&account.id)
            .fetch_one(&self.readers())
            .await?;
        Ok(NoticesView {
            now: self.now(),
            time_zone: account.time_zone.label(self.now()),
            email: account.address().unwrap_or_default().to_owned(),
            confirmed: row.confirmed_at.is_some(),
            owned: row.owned_at.is_some(),
            stages: stages.iter().collect(),
            of_operator: self.notice_addresses(&account.id).await?,
            second_recipient: row.second_recipient.map(|address| SecondRecipient {
                address,
                confirmed: row.second_confirmed_at.is_some(),
            }),
            calendar_url: String::new(),
            deliveries: self.deliveries(account).await?,
            total,
        })
    }

    /// Returns the newest mails, and every mail that was given up.
    async fn deliveries(&self, account: &Account) -> Result<Vec<Delivery>> {
        let rows: Vec<MailRow> = sqlx::query_as(
            "SELECT id, kind, recipient, created_at, outcome,
                    COALESCE(finished_at, leased_at, NULLIF(next_at, 0)) AS at, attempts, words
             FROM outbox WHERE account_id = $1 AND (outcome = 'failed' OR id IN
                  (SELECT id FROM outbox WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2))
             ORDER BY created_at DESC, id LIMIT 2 * $2",
        )
        .bind(&account.id)
        .bind(i64::from(NoticesView::LIMIT))
        .fetch_all(&self.readers())
        .await?;
        let mut keys = self.delivered_keys(account).await?;
        let mut mails = Vec::new();
        for row in rows {
            // A kind of a newer version that was rolled back.
            let Ok(kind) = outbox::kind(&row.kind) else {
                continue;
            };
            let (key_count, keys) = keys.remove(&row.id).unwrap_or_default();
            mails.push(Delivery {
                kind,
                recipient: row.recipient,
                created: moment(row.created_at, account.time_zone),
                state: outbox::state(row.outcome.as_deref()),
                at: moment(row.at.unwrap_or(row.created_at), account.time_zone),
                attempts: row.attempts,
                words: row.words,
                keys,
                key_count,
                id: row.id,
            });
        }
        Ok(mails)
    }

    /// Returns the keys of the mails shown, by mail: their number, and the most urgent ones.
    async fn delivered_keys(
        &self,
        account: &Account,
    ) -> Result<HashMap<String, (i64, Vec<DeliveredKey>)>> {
        let rows: Vec<KeyRow> = sqlx::query_as(
            "SELECT n.mail_id, n.count, n.access_key, n.name, n.stage, n.expires_at, n.left_out, k.access_key AS present
             FROM (SELECT mail_id, access_key, name, stage, expires_at, left_out,
                          COUNT(*) OVER (PARTITION BY mail_id) AS count,
                          ROW_NUMBER() OVER (PARTITION BY mail_id ORDER BY expires_at, access_key) AS place
                   FROM notices WHERE mail_id IN
                        (SELECT id FROM outbox WHERE account_id = $1 AND (outcome = 'failed' OR id IN
                             (SELECT id FROM outbox WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2))
                         ORDER BY created_at DESC, id LIMIT 2 * $2)) n
             LEFT JOIN api_keys k ON k.access_key = n.access_key AND k.account_id = $1
             WHERE n.place <= $3 ORDER BY n.place",
        )
        .bind(&account.id)
        .bind(i64::from(NoticesView::LIMIT))
        .bind(i64::from(Delivery::KEYS))
        .fetch_all(&self.readers())
        .await?;
        let mut mails: HashMap<String, (i64, Vec<DeliveredKey>)> = HashMap::new();
        for row in rows {
            let Some(stage) = Stage::from_slug(&row.stage) else {
                continue;
            };
            let (counted, keys) = mails.entry(row.mail_id).or_default();
            *counted = row.count;
            keys.push(DeliveredKey {
                access_key: row.access_key,
                name: row.name,
                stage,
                expires: moment(row.expires_at, account.time_zone),
                left_out: row.left_out.is_some(),
                exists: row.present.is_some(),
            });
        }
        Ok(mails)
    }

    /// Retries a mail that was given up. It keeps its Message-ID, and leaves out keys for which it is no longer true.
    ///
    /// # Errors
    /// [`Error::NotFound`] if this account has no such mail, or it was not given up.
    pub async fn send_again(&self, actor: &Actor, mail: &str) -> Result<()> {
        if !random::is_id(mail) {
            return Err(Error::NotFound);
        }
        let (account, mail) = (actor.account().id.clone(), mail.to_owned());
        self.write(actor.with(Need::NOTICES), move |tx| {
            Box::pin(async move {
                if outbox::revive(tx.connection(), &account, &mail).await? {
                    Ok(())
                } else {
                    Err(Error::NotFound)
                }
            })
        })
        .await
    }
}

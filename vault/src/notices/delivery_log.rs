//! What Preferences → Notices shows: the settings, and what was sent, when, to whom, about which key.

use std::collections::HashMap;

use shared::notice::{Stage, Stages};
use shared::view::notices::{DeliveredKey, Delivery, NoticesView, SecondRecipient};

use crate::accounts::account::Account;
use crate::accounts::sessions::{Member, Session};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::notices::calendar;
use crate::outbox;
use crate::time::format::moment;
use crate::vault::Vault;

impl Vault {
    /// Settings and delivery log of an account.
    pub async fn notices(&self, account: &Account) -> Result<NoticesView> {
        let _reading = self.0.limits.reading(&account.id).await?;
        type Row = (
            Option<i64>,
            Option<i64>,
            String,
            Option<String>,
            Option<i64>,
            i64,
        );
        let row: Row = sqlx::query_as(
            "SELECT confirmed_at, owned_at, stages, second_recipient, second_confirmed_at, feed_generation
             FROM accounts WHERE id = $1",
        )
        .bind(&account.id)
        .fetch_one(&self.0.database.readers)
        .await?;
        let (confirmed_at, owned_at, stages, second, second_confirmed_at, generation) = row;
        let stages: Stages = stages.parse().unwrap_or(Stages::ALL);
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE account_id = $1")
            .bind(&account.id)
            .fetch_one(&self.0.database.readers)
            .await?;
        Ok(NoticesView {
            now: self.now(),
            time_zone: account.time_zone.name().to_owned(),
            email: account.email.clone(),
            confirmed: confirmed_at.is_some(),
            owned: owned_at.is_some(),
            stages: stages.iter().collect(),
            second_recipient: second.map(|address| SecondRecipient {
                address,
                confirmed: second_confirmed_at.is_some(),
            }),
            calendar_url: calendar::address(self, &account.id, generation),
            deliveries: self.deliveries(account).await?,
            total,
        })
    }

    /// The newest, and every one that was given up.
    async fn deliveries(&self, account: &Account) -> Result<Vec<Delivery>> {
        type Row = (
            String,
            String,
            String,
            i64,
            Option<String>,
            Option<i64>,
            i64,
            String,
        );
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, kind, recipient, created_at, outcome, COALESCE(finished_at, leased_at, NULLIF(next_at, 0)), attempts, words
             FROM outbox WHERE account_id = $1 AND (outcome = 'failed' OR id IN
                  (SELECT id FROM outbox WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2))
             ORDER BY created_at DESC, id LIMIT 2 * $2",
        )
        .bind(&account.id)
        .bind(i64::from(NoticesView::LIMIT))
        .fetch_all(&self.0.database.readers)
        .await?;
        let mut keys = self.delivered_keys(account).await?;
        let mut mails = Vec::new();
        for (id, kind, recipient, created_at, outcome, at, attempts, words) in rows {
            // A kind of a newer version that was taken back.
            let Ok(kind) = outbox::kind(&kind) else {
                continue;
            };
            let (key_count, keys) = keys.remove(&id).unwrap_or_default();
            mails.push(Delivery {
                kind,
                recipient,
                created: moment(created_at, account.time_zone),
                state: outbox::state(outcome.as_deref()),
                at: moment(at.unwrap_or(created_at), account.time_zone),
                attempts,
                words,
                keys,
                key_count,
                id,
            });
        }
        Ok(mails)
    }

    /// The keys of the mails shown, by mail: how many there are, and the most urgent.
    async fn delivered_keys(
        &self,
        account: &Account,
    ) -> Result<HashMap<String, (i64, Vec<DeliveredKey>)>> {
        type Row = (
            String,
            i64,
            String,
            String,
            String,
            i64,
            Option<String>,
            Option<String>,
        );
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT n.mail_id, n.count, n.access_key, n.name, n.stage, n.expires_at, n.left_out, k.access_key
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
        .fetch_all(&self.0.database.readers)
        .await?;
        let mut mails: HashMap<String, (i64, Vec<DeliveredKey>)> = HashMap::new();
        for (mail, count, access_key, name, stage, expires_at, left_out, present) in rows {
            let Some(stage) = Stage::from_slug(&stage) else {
                continue;
            };
            let (counted, keys) = mails.entry(mail).or_default();
            *counted = count;
            keys.push(DeliveredKey {
                access_key,
                name,
                stage,
                expires: moment(expires_at, account.time_zone),
                left_out: left_out.is_some(),
                exists: present.is_some(),
            });
        }
        Ok(mails)
    }

    /// Tries a mail again that was given up. It keeps its Message-ID; keys that it is no longer true of are
    /// left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] if this account has no such mail, or it was not given up.
    pub async fn send_again(&self, session: &Session, mail: &str) -> Result<()> {
        let (account, mail) = (session.account.id.clone(), mail.to_owned());
        self.write(Member::new(session, &Caller::default()), move |tx| {
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

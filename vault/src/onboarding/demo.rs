//! Demonstration data: an account with keys in every state, a history and a month of use, for an empty database.

mod usage;

use shared::mail::MailKind;
use shared::notice::Stage;
use shared::{DAY_MS, HOUR_MS};
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::caller::Caller;
use crate::crypto::passwords::Priority;
use crate::error::Result;
use crate::keys::create::{NewKey, insert_key};
use crate::onboarding::sign_up::insert_account;
use crate::outbox::ledger::{self, Report};
use crate::outbox::{self, MailTo};
use crate::storage::audit::{Action, Entry, Replaced};
use crate::storage::{System, Tx};
use crate::time::zones::Zone;
use crate::vault::Vault;

/// Credentials of the demo account. Only `--demo` creates it, and only on a loopback address.
pub const EMAIL: &str = "demo@example.com";
pub const PASSWORD: &str = "keyhold demo";

/// Name, description, age and life in milliseconds.
const KEYS: [(&str, &str, i64, i64); 9] = [
    (
        "billing-cron",
        "Nightly invoices, runs on batch-2.",
        92 * DAY_MS,
        92 * DAY_MS - 2 * HOUR_MS,
    ),
    (
        "staging",
        "Everything on staging.example.com.",
        87 * DAY_MS,
        90 * DAY_MS,
    ),
    (
        "mobile-app-v3",
        "Android and iOS, releases 3.x.",
        358 * DAY_MS,
        365 * DAY_MS,
    ),
    (
        "analytics-export",
        "Hourly export to the warehouse.\nOwner: data team.",
        79 * DAY_MS,
        90 * DAY_MS,
    ),
    (
        "partner-acme",
        "Read access for Acme's integration.",
        33 * DAY_MS,
        365 * DAY_MS,
    ),
    (
        "ci-release",
        "Publishes from the release workflow.",
        12 * DAY_MS,
        60 * DAY_MS,
    ),
    (
        "warehouse-sync",
        "Stock levels, every five minutes.",
        8 * DAY_MS,
        90 * DAY_MS,
    ),
    (
        "legacy-importer",
        "Kept for the record; replaced by warehouse-sync.",
        400 * DAY_MS,
        365 * DAY_MS,
    ),
    ("laptop", "", 2 * DAY_MS, 30 * DAY_MS),
];

/// Result of filling the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Filled {
    Now,
    /// An earlier start has filled the database.
    Before,
    /// The database has other accounts, and stays as it is.
    Not,
}

/// Records the notices that this key would have caused.
async fn announce(
    connection: &mut AnyConnection,
    account: &Account,
    key: &NewKey,
    now: i64,
) -> Result<()> {
    let Some(expires_at) = key.expires_at else {
        return Ok(());
    };
    let past = Stage::ALL
        .into_iter()
        .map(|stage| (stage, stage.due(expires_at)))
        .filter(|(stage, due)| stage.applies(key.created_at, expires_at) && *due <= now);
    for (stage, due) in past {
        let mail = outbox::NewMail {
            account: &account.id,
            kind: MailKind::Notice,
            recipient: &account.email,
            created_at: due,
            next_at: outbox::AT_ONCE,
        };
        let mail = outbox::enqueue_at(connection, mail).await?;
        outbox::sent_before(connection, &mail, "250 2.0.0 Ok: queued", due).await?;
        let to = MailTo {
            id: &mail,
            account: &account.id,
            recipient: &account.email,
        };
        let report = Report {
            access_key: key.access_key.to_string(),
            expires_at,
            stage,
        };
        ledger::record(connection, &to, &report, None).await?;
    }
    Ok(())
}

impl Vault {
    /// Fills the database if it is empty.
    pub async fn fill_for_demo(&self) -> Result<Filled> {
        let (accounts, demo): (i64, i64) =
            sqlx::query_as("SELECT COUNT(*), COUNT(CASE WHEN email = $1 THEN 1 END) FROM accounts")
                .bind(EMAIL)
                .fetch_one(&self.readers())
                .await?;
        if accounts > 0 {
            return Ok(if demo > 0 {
                Filled::Before
            } else {
                Filled::Not
            });
        }
        let slot = self.reserve_hash(Priority::High, &Caller::default())?;
        let password = self.0.passwords.hash(slot, PASSWORD).await?;
        let vault = self.clone();
        self.write(System, move |tx| {
            Box::pin(async move {
                tx.date_back(401 * DAY_MS);
                let (account, key) =
                    insert_account(&vault, tx, (EMAIL, &password, Zone::utc())).await?;
                // No mail arrives at this address, so no page must ask to confirm it.
                account.own(tx).await?;
                let mut keys = vec![key];
                for (name, description, age, life) in KEYS {
                    tx.date_back(age);
                    let fields = (name, description, Some(tx.now() + life));
                    keys.push(insert_key(&vault, tx, &account, fields).await?);
                }
                if let Some(key) = keys.iter().find(|key| key.name == "partner-acme") {
                    change(tx, &account, key).await?;
                }
                tx.date_back(0);
                let now = tx.now();
                for key in &keys {
                    announce(tx.connection(), &account, key, now).await?;
                }
                usage::fill(tx.connection(), &account, &keys, now).await?;
                Ok(Filled::Now)
            })
        })
        .await
    }
}

/// Gives a key a history: expired for a day, then restored, and edited.
async fn change(tx: &mut Tx, account: &Account, key: &NewKey) -> Result<()> {
    let subject = key.access_key.to_string();
    let (mut before, mut set_at) = (key.expires_at, key.created_at);
    for (age, action, detail, description) in [
        (20 * DAY_MS, Action::Expired, "", None),
        (19 * DAY_MS, Action::Restored, "", None),
        (5 * DAY_MS, Action::Edited, "description", Some("Acme.")),
    ] {
        tx.date_back(age);
        let expires_at = if action == Action::Expired {
            Some(tx.now())
        } else {
            key.expires_at
        };
        tx.audit(Entry {
            account_id: &account.id,
            action,
            subject: &subject,
            detail,
            external_id: "",
            expires_at,
            replaced: Some(Replaced {
                change: None,
                name: None,
                description,
                expires_at: before,
                set_at,
            }),
        })
        .await?;
        (before, set_at) = (expires_at, tx.now());
    }
    Ok(())
}

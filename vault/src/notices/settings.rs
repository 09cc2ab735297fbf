//! Notice settings of an account: the stages, a second recipient, the URL of its calendar.

use shared::capability::Need;
use shared::mail::MailKind;
use shared::notice::{Stage, Stages};
use shared::validation::FieldErrors;
use shared::version::{of_recipient, of_stages};
use sqlx::AnyConnection;

use crate::accounts::email_links;
use crate::accounts::notice_columns::{next_feed, remove_second, set_second, set_stages};
use crate::accounts::sessions::Actor;
use crate::error::{Conflict, Error, Result};
use crate::limits::backoff::Subject;
use crate::storage::audit::{Action, Entry};
use crate::storage::version;
use crate::text;
use crate::vault::Vault;

/// Returns the second recipient, within the transaction that changes it. Rejects the change if the form is based on
/// another one.
async fn second(
    connection: &mut AnyConnection,
    account: &str,
    begun_on: &str,
) -> Result<Option<String>> {
    let (present,): (Option<String>,) =
        sqlx::query_as("SELECT second_recipient FROM accounts WHERE id = $1")
            .bind(account)
            .fetch_one(connection)
            .await?;
    let stored = of_recipient(present.as_deref());
    version::check(begun_on, &stored, || {
        let now = present.as_deref().map_or_else(
            || "there is none now".to_owned(),
            |address| format!("it is now {address}"),
        );
        let message =
            format!("The second recipient was changed elsewhere, so nothing was saved: {now}.");
        Conflict::new(message, stored.clone())
    })?;
    Ok(present)
}

/// Rejects a choice of stages that is based on another one than the stored one.
async fn check_stages(connection: &mut AnyConnection, account: &str, begun_on: &str) -> Result<()> {
    let (stored,): (String,) = sqlx::query_as("SELECT stages FROM accounts WHERE id = $1")
        .bind(account)
        .fetch_one(connection)
        .await?;
    let stages: Stages = stored.parse().unwrap_or(Stages::ALL);
    // A migration appends a new stage, so the stored order need not be the order of time.
    let present = of_stages(&stages.to_string());
    version::check(begun_on, &present, || {
        let labels: Vec<_> = stages.iter().map(Stage::label).collect();
        let now = if labels.is_empty() {
            "none".to_owned()
        } else {
            labels.join(", ")
        };
        let message = format!(
            "Your choice was changed elsewhere, so nothing was saved. Stored now: {now}. Save again to replace it with \
             your choice."
        );
        Conflict::new(message, present.clone())
    })
}

impl Vault {
    /// Selects the stages at which the account is notified. A stage that fell due before gets no notice. `version` is
    /// what the form is based on, by [`of_stages`]; an empty one overwrites whatever is stored.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub async fn choose_stages(&self, actor: &Actor, stages: Stages, version: &str) -> Result<()> {
        let (account, begun_on) = (actor.account().id.clone(), version.to_owned());
        self.write(actor.with(Need::NOTICES), move |tx| {
            Box::pin(async move {
                check_stages(tx.connection(), &account, &begun_on).await?;
                set_stages(tx.connection(), &account, stages).await?;
                let stages = stages.to_string();
                tx.audit(Entry::of_account(&account, Action::StagesChosen, &stages))
                    .await
            })
        })
        .await
    }

    /// Sets a second recipient and sends it a link; it gets no notice until the link is confirmed. `version` is what
    /// the form is based on, by [`of_recipient`]; an empty one overwrites whatever is stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `address`; [`Error::Throttled`]; [`Error::Conflict`].
    pub async fn set_second_recipient(
        &self,
        actor: &Actor,
        address: &str,
        version: &str,
    ) -> Result<()> {
        let invalid = |message: String| FieldErrors::one("address", message);
        let address = text::email(address).map_err(invalid)?;
        if address == actor.account().email {
            let message = "This is the account's own address, which already gets every notice.";
            return Err(FieldErrors::one("address", message).into());
        }
        let mailbox = Subject::mailbox(MailKind::ConfirmSecondRecipient, &address);
        self.may_write_to(actor, vec![mailbox])?;
        let (account, begun_on) = (actor.account().id.clone(), version.to_owned());
        self.write(actor.with(Need::NOTICES), move |tx| {
            Box::pin(async move {
                second(tx.connection(), &account, &begun_on).await?;
                if !set_second(tx.connection(), &account, &address).await? {
                    tx.roll_back();
                    return Ok(());
                }
                email_links::put(tx, &account, MailKind::ConfirmSecondRecipient, &address).await?;
                tx.audit(Entry::of_account(
                    &account,
                    Action::RecipientAdded,
                    &address,
                ))
                .await
            })
        })
        .await
    }

    /// Stops notices to the second recipient. Does nothing without one. `version` as for
    /// [`Vault::set_second_recipient`].
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub async fn remove_second_recipient(&self, actor: &Actor, version: &str) -> Result<()> {
        let (account, begun_on) = (actor.account().id.clone(), version.to_owned());
        self.write(actor.with(Need::NOTICES), move |tx| {
            Box::pin(async move {
                let Some(address) = second(tx.connection(), &account, &begun_on).await? else {
                    tx.roll_back();
                    return Ok(());
                };
                remove_second(tx.connection(), &account).await?;
                tx.audit(Entry::of_account(
                    &account,
                    Action::RecipientRemoved,
                    &address,
                ))
                .await
            })
        })
        .await
    }

    /// Sends the link that confirms an address again, to the `account` or to the `second` recipient. A proven account
    /// address or a confirmed second recipient gets none.
    ///
    /// # Errors
    /// [`Error::NotFound`] for anything else, or without a second recipient; [`Error::Throttled`].
    pub async fn resend_confirmation(&self, actor: &Actor, recipient: &str) -> Result<()> {
        let (own, second): (Option<i64>, Option<String>) =
            sqlx::query_as("SELECT owned_at, second_recipient FROM accounts WHERE id = $1")
                .bind(&actor.account().id)
                .fetch_one(&self.readers())
                .await?;
        match (recipient, second) {
            ("account", _) if own.is_some() => Ok(()),
            ("account", _) => {
                let mailbox = Subject::mailbox(MailKind::ConfirmAddress, &actor.account().email);
                self.may_write_to(actor, vec![mailbox])?;
                let (account, kind) = (actor.account().clone(), MailKind::ConfirmAddress);
                self.write(actor.with(Need::Holder), move |tx| {
                    Box::pin(async move {
                        email_links::put(tx, &account.id, kind, &account.email).await
                    })
                })
                .await
            }
            ("second", Some(address)) => {
                // A recipient that is removed meanwhile stays removed.
                let version = of_recipient(Some(&address));
                self.set_second_recipient(actor, &address, &version).await
            }
            _ => Err(Error::NotFound),
        }
    }

    /// Changes the URL of the calendar feed; the old one is no longer found.
    pub async fn reset_calendar(&self, actor: &Actor) -> Result<()> {
        let account = actor.account().id.clone();
        self.write(actor.with(Need::CALENDAR), move |tx| {
            Box::pin(async move {
                next_feed(tx.connection(), &account).await?;
                tx.audit(Entry::of_account(&account, Action::CalendarReset, ""))
                    .await
            })
        })
        .await
    }
}

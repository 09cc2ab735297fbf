//! Delivery of one mail: lease, composition, sending, settlement.

#![expect(clippy::disallowed_methods, reason = "deliveries have a duration")]

mod crowded;

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Result;
use crate::mail::transport::{Progress, SendError, Transport};
use crate::mail::{Content, Letter};
use crate::mailer::render::{self, Checked};
use crate::outbox::{self, Leased, LeftOut, Turn, Wanted};
use crate::storage::{System, Tx};
use crate::time::jump_guard::JUMP_MS;
use crate::vault::Vault;

/// The wait before an outcome that could not be stored is stored again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

impl Vault {
    /// Returns the criteria of the mails that are due at `now`, by the machine's clock.
    pub(crate) fn turn(&self, wanted: Wanted, now: i64) -> Turn {
        Turn {
            wanted,
            now,
            clock_ahead: self.now() > now.saturating_add(JUMP_MS),
            lease: outbox::lease_duration(&self.0.database),
        }
    }

    /// Leases the next mail that is due and still has something true to report.
    pub(crate) async fn take(
        &self,
        wanted: Wanted,
        now: i64,
        in_flight: &InFlight,
    ) -> Result<Option<Outgoing>> {
        let database = &self.0.database;
        let turn = self.turn(wanted, now);
        loop {
            let due = outbox::next_try(database, turn).await?;
            if due.is_none_or(|at| at > now) {
                return Ok(None);
            }
            // The lease is committed separately: a mail that cannot be composed comes up again when it ends, and does
            // not block the others meanwhile.
            let leased = database.transact(System, async |tx| {
                let lease = outbox::lease(tx.connection(), turn).await?;
                if lease.is_none() {
                    tx.roll_back();
                }
                Ok(lease)
            });
            let Some(lease) = leased.await? else {
                return Ok(None);
            };
            let Some(held) = in_flight.take(&lease.id) else {
                continue;
            };
            let composed =
                database.transact(System, async |tx| self.compose(tx, &lease, now).await);
            let (content, left_out) = match composed.await? {
                Composed::Mail(content, left_out) => (content, left_out),
                Composed::Settled => continue,
                Composed::Failed(error) => {
                    let outcome = Err(SendError::temporary("Keyhold could not compose this email"));
                    outbox::settle(database, &lease, &[], &outcome, now).await?;
                    tracing::error!(error, mail = lease.id, "an email could not be composed");
                    continue;
                }
            };
            return Ok(Some(Outgoing {
                lease,
                left_out,
                content,
                _held: held,
            }));
        }
    }

    /// Composes a leased mail from what is true in this transaction. A mail that has nothing to report, or has to wait,
    /// is settled in it.
    async fn compose(&self, tx: &mut Tx, lease: &Leased, now: i64) -> Result<Composed> {
        // The later instant, so that changes since `now` was read do not lie ahead of it.
        let at = now.max(tx.now());
        let checked = render::check(self, tx.connection(), lease, at);
        // A mail that cannot be composed backs off like one that cannot be sent.
        let checked = AssertUnwindSafe(checked).catch_unwind().await;
        let Checked { content, left_out } = match checked {
            Ok(Ok(checked)) => checked,
            Ok(Err(error)) => {
                tx.roll_back();
                return Ok(Composed::Failed(error.to_string()));
            }
            Err(_) => {
                tx.roll_back();
                return Ok(Composed::Failed("a panic".to_owned()));
            }
        };
        let Some(content) = content else {
            outbox::drop_mail(tx.connection(), lease, &left_out, now).await?;
            return Ok(Composed::Settled);
        };
        if let Some(wait) = self.crowded(tx.connection(), lease).await? {
            let next_at = now.saturating_add(wait);
            outbox::postpone(tx.connection(), lease, next_at).await?;
            return Ok(Composed::Settled);
        }
        tx.roll_back();
        Ok(Composed::Mail(content, left_out))
    }
}

/// The result of composing a mail.
enum Composed {
    Mail(Content, Vec<LeftOut>),
    /// The mail has nothing true to report, or waits.
    Settled,
    Failed(String),
}

/// A leased and composed mail.
pub struct Outgoing {
    pub lease: Leased,
    left_out: Vec<LeftOut>,
    pub content: Content,
    _held: Held,
}

impl Outgoing {
    /// Tries once to send the mail.
    pub async fn attempt(
        &self,
        transport: &Transport,
        limit: Duration,
        progress: &Progress,
    ) -> Result<String, SendError> {
        let letter = Letter {
            id: self.lease.id.clone(),
            created_at: self.lease.created_at,
            to: self.lease.recipient.clone(),
            content: self.content.clone(),
        };
        timeout(limit, transport.send(&letter, progress))
            .await
            .unwrap_or_else(|_| {
                let reason = format!("no answer within {} s", limit.as_secs());
                Err(progress.error(&reason))
            })
    }

    /// Records the outcome of an attempt.
    pub async fn settle(
        &self,
        vault: &Vault,
        outcome: &Result<String, SendError>,
        now: i64,
    ) -> Result<()> {
        outbox::settle(&vault.0.database, &self.lease, &self.left_out, outcome, now).await
    }

    /// Returns the instant, counted by the monotonic clock from the lease on, unless the machine's was set back
    /// meanwhile.
    fn now(&self, vault: &Vault, begun: Instant) -> i64 {
        let took = i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
        let now = self.lease.since.saturating_add(took);
        now.min(vault.0.clock.wall())
    }

    /// Extends the lease, so that no other node takes the mail.
    async fn extend_lease(&self, vault: &Vault, begun: Instant) {
        let database = &vault.0.database;
        let extended = outbox::extend(database, &self.lease, self.now(vault, begun)).await;
        if let Err(error) = database.noted(extended)
            && error.is_news()
        {
            let mail = &self.lease.id;
            tracing::warn!(%error, mail, "the lease of an email cannot be extended yet");
        }
    }

    /// Sends the mail and settles it, however long that takes: a mail that was sent and is not settled would be sent
    /// again. So nothing comes between the two, and a panic in either is an outcome like any other.
    pub async fn send(
        self,
        vault: &Vault,
        transport: &Transport,
        limit: Duration,
        progress: &Progress,
    ) {
        let begun = Instant::now();
        let nodes = vault.0.database.is_shared();
        let attempt = async {
            let mut attempt = pin!(self.attempt(transport, limit, progress));
            loop {
                tokio::select! {
                    outcome = &mut attempt => return outcome,
                    // Not beside the attempt: its end would cut this change short.
                    () = sleep(outbox::EXTEND_EVERY), if nodes => self.extend_lease(vault, begun).await,
                }
            }
        };
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        let outcome = attempt
            .await
            .unwrap_or_else(|_| Err(progress.error("Keyhold failed while sending this email")));
        if outcome.is_ok() {
            progress.accepted();
        }
        let mail = &self.lease.id;
        loop {
            let now = self.now(vault, begun);
            let settled = AssertUnwindSafe(self.settle(vault, &outcome, now)).catch_unwind();
            match settled.await.map(|settled| vault.0.database.noted(settled)) {
                Ok(Ok(())) => break,
                Ok(Err(error)) if !error.is_news() => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, mail, "the outcome of an email cannot be stored yet");
                }
                Err(_) => tracing::error!(mail, "storing the outcome of an email failed"),
            }
            sleep(TRY_AGAIN).await;
        }
        match &outcome {
            Ok(_) => tracing::info!(mail, "mail sent"),
            Err(SendError::Temporary(response)) => {
                tracing::warn!(mail, words = response, "email not sent, will be retried");
            }
            Err(SendError::Permanent(response)) => {
                tracing::error!(mail, words = response, "email rejected permanently");
            }
            Err(SendError::Unknown(response)) => {
                tracing::warn!(
                    mail,
                    words = response,
                    "email possibly sent, will be retried in an hour"
                );
            }
        }
    }
}

/// The mails in flight. A mail whose outcome cannot be stored until its lease ends is still in flight, and must not be
/// sent a second time.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<String>>>);

impl InFlight {
    /// Adds a mail until the result is dropped; returns none if it is already in flight.
    fn take(&self, mail: &str) -> Option<Held> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(mail.to_owned())
            .then(|| Held(self.clone(), mail.to_owned()))
    }
}

/// A mail in flight, until this is dropped.
struct Held(InFlight, String);

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::error::Error;
    use crate::storage::READERS;
    use crate::test_support::Fixture;

    /// Busy readers are not reported as a database that accepts no changes.
    #[tokio::test]
    async fn busy_readers_are_no_write_failure() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let database = &vault.0.database;
        let mut held = Vec::new();
        for _ in 0..READERS {
            held.push(database.readers.acquire().await.unwrap());
        }
        tokio::time::pause();
        let taken = vault
            .take(Wanted::Any, vault.now(), &InFlight::default())
            .await;
        assert!(matches!(database.noted(taken), Err(Error::Busy)));
        assert_eq!(vault.write_failures(), 0);
    }
}

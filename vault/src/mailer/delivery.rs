//! Delivery of one mail: lease, composition, sending, settlement.

mod crowded;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{sleep, timeout};

use crate::error::Result;
use crate::mail::transport::{Progress, SendError, Transport};
use crate::mail::{Content, Letter};
use crate::mailer::render::{self, Checked};
use crate::outbox::{self, Leased, LeftOut, Turn, Wanted};
use crate::storage::{System, Tx};
use crate::time::boot_time::BootTime;
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
        let (turn, begun) = (self.turn(wanted, now), BootTime::now());
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
            let held = match in_flight.take(&lease) {
                Ok(held) => held,
                // Its lease ended, but not its attempt, whose outcome counts.
                Err(since) => {
                    let keep = async |tx: &mut Tx| {
                        outbox::keep(tx.connection(), &lease, since).await?;
                        tx.commit_quietly();
                        Ok(())
                    };
                    database.transact(System, keep).await?;
                    continue;
                }
            };
            let composed =
                database.transact(System, async |tx| self.compose(tx, &lease, now).await);
            let (content, left_out) = match composed.await? {
                Composed::Mail(content, left_out) => (content, left_out),
                Composed::Settled => continue,
                Composed::Failed(error) => {
                    let outcome = Err(SendError::temporary("the email could not be composed"));
                    outbox::settle(database, &lease, &[], &outcome, now).await?;
                    tracing::error!(error, mail = lease.id, "an email could not be composed");
                    continue;
                }
            };
            return Ok(Some(Outgoing {
                lease,
                begun,
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
    /// When the lease began, by the clock that counts a suspension of the machine too.
    begun: BootTime,
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

    /// Returns the instant, counted from the lease on, unless the machine's clock was set back meanwhile.
    fn now(&self, vault: &Vault) -> i64 {
        let took = self.begun.until(BootTime::now()).as_millis();
        let now = self
            .lease
            .since
            .saturating_add(i64::try_from(took).unwrap_or(0));
        now.min(vault.0.clock.wall())
    }

    /// Returns the end of a lease that begins or is extended at `now`.
    fn held_until(&self, vault: &Vault, now: i64) -> BootTime {
        let after = now - self.lease.since + outbox::lease_duration(&vault.0.database);
        self.begun.plus_ms(after)
    }

    /// Extends the lease, so that no other node takes the mail.
    async fn extend_lease(&self, vault: &Vault, progress: &Progress) {
        let (database, mail) = (&vault.0.database, &self.lease.id);
        let now = self.now(vault);
        let extended = outbox::extend(database, &self.lease, now).await;
        match database.noted(extended) {
            Ok(true) => progress.hold_until(self.held_until(vault, now)),
            Ok(false) => {
                progress.hold_until(BootTime::PAST);
                tracing::warn!(mail, "the lease of an email is over, so this attempt ends");
            }
            Err(error) if error.is_news() => {
                tracing::warn!(%error, mail, "the lease of an email cannot be extended yet");
            }
            Err(_) => {}
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
        let attempt = async {
            let attempt = self.attempt(transport, limit, progress);
            if !vault.0.database.is_shared() {
                return attempt.await;
            }
            progress.hold_until(self.held_until(vault, self.lease.since));
            beside(attempt, || self.extend_lease(vault, progress)).await
        };
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        let outcome = attempt.await.unwrap_or_else(|_| {
            Err(progress.error("a fault ended this attempt to send the email"))
        });
        if outcome.is_ok() {
            progress.accepted();
        }
        let mail = &self.lease.id;
        loop {
            let now = self.now(vault);
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

/// Runs an attempt, and extends its lease beside it from time to time. An extension that waits for its turn does not
/// delay the attempt, and is not cut short by its end, which would cost the writer its connection.
async fn beside<T, F: Future<Output = ()>>(
    attempt: impl Future<Output = T>,
    extend: impl Fn() -> F,
) -> T {
    let mut attempt = pin!(attempt);
    loop {
        tokio::select! {
            outcome = &mut attempt => return outcome,
            () = sleep(outbox::EXTEND_EVERY) => {}
        }
        let mut extension = pin!(extend());
        let ended = tokio::select! {
            outcome = &mut attempt => Some(outcome),
            () = &mut extension => None,
        };
        if let Some(outcome) = ended {
            extension.await;
            return outcome;
        }
    }
}

/// The mails in flight, and when their leases began. A mail whose outcome cannot be stored until its lease ends is still
/// in flight, and must not be sent a second time.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<String, i64>>>);

impl InFlight {
    /// Adds a mail until the result is dropped; returns when its lease began if it is already in flight.
    fn take(&self, mail: &Leased) -> Result<Held, i64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.entry(mail.id.clone()) {
            Entry::Occupied(held) => Err(*held.get()),
            Entry::Vacant(free) => {
                free.insert(mail.since);
                Ok(Held(self.clone(), mail.id.clone()))
            }
        }
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

    use std::cell::Cell;

    use tokio::sync::Notify;

    use super::*;
    use crate::error::Error;
    use crate::storage::READERS;
    use crate::test_support::Fixture;

    /// An extension waits for the turn to write while the conversation with the mail server goes on, and is ended after it.
    #[tokio::test(start_paused = true)]
    async fn a_lease_is_extended_beside_the_attempt() {
        let (step, turn) = (Notify::new(), Notify::new());
        let (waiting, extended) = (Cell::new(0), Cell::new(0));
        let attempt = async {
            for _ in 0..3 {
                step.notified().await;
            }
            "sent"
        };
        let extend = || async {
            waiting.set(waiting.get() + 1);
            turn.notified().await;
            extended.set(extended.get() + 1);
        };
        let drive = async {
            sleep(outbox::EXTEND_EVERY * 2).await;
            assert_eq!((waiting.get(), extended.get()), (1, 0), "one at a time");
            step.notify_one();
            turn.notify_one();
            sleep(outbox::EXTEND_EVERY * 2).await;
            assert_eq!((waiting.get(), extended.get()), (2, 1));
            step.notify_one();
            sleep(Duration::from_millis(1)).await;
            // The attempt ends here, and the second extension has not had its turn.
            step.notify_one();
            sleep(Duration::from_millis(1)).await;
            turn.notify_one();
        };
        let (outcome, ()) = tokio::join!(beside(attempt, extend), drive);
        assert_eq!((outcome, extended.get()), ("sent", 2));
    }

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

//! Requests for a password-reset link, which anyone can make for any address. They are answered before any lookup, and
//! handled together a moment later by one transaction, which commits whether or not an address has an account: neither
//! the response nor the next write reveals which addresses have one, and a flood of requests costs one commit per
//! batch. No network holds more than a quarter of the slots.

#![expect(
    clippy::disallowed_methods,
    reason = "requests are handled in tasks of their own, with a deadline at a stop"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::mail::MailKind;
use shared::validation::FieldErrors;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::accounts::email_links;
use crate::caller::Caller;
use crate::crypto::random;
use crate::error::Result;
use crate::limits::Limit;
use crate::limits::backoff::Subject;
use crate::limits::origin::network;
use crate::state::reset_requests::Request;
use crate::storage::{System, Tx};
use crate::text;
use crate::vault::Vault;

/// How long the first request waits for others.
const PAUSE: Duration = Duration::from_millis(250);
/// Wait before a retry, while the database accepts no changes or the writer is not free in time.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// How long a request is retried. By then its sender has asked again.
const GIVE_UP: Duration = Duration::from_mins(15);
impl Vault {
    /// Sends a password-reset link if the address has an account. Neither the response nor its timing reveals whether
    /// it has. The receiver completes when the request has been handled.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `email`; [`Error::Throttled`](crate::Error::Throttled);
    /// [`Error::Busy`](crate::Error::Busy).
    #[expect(clippy::unused_async, reason = "like every other operation")]
    pub async fn request_reset(
        &self,
        caller: &Caller,
        email: &str,
    ) -> Result<oneshot::Receiver<()>> {
        let email = text::email(email).map_err(|error| FieldErrors::one("email", error))?;
        let network = caller.address.map(network);
        let requests = &self.0.reset_requests;
        // Reserved first, so that a request rejected for want of a slot counts against no mailbox.
        let slot = requests.reserve(network);
        let slot = self.0.limits.counted(Limit::Mails, slot)?;
        let subjects = Subject::mail(MailKind::ResetPassword, &email, caller.address);
        // Every request counts, whether or not it leads to a mail.
        self.0.limits.mail(subjects)?;
        let (done, handled) = oneshot::channel();
        let request = Request {
            email,
            slot,
            since: Instant::now(),
            put: Arc::default(),
            done,
        };
        if requests.add(request) {
            let vault = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                let mut pause = PAUSE;
                loop {
                    tokio::time::sleep(pause).await;
                    let Some(vault) = vault.upgrade() else {
                        return;
                    };
                    if Self::from(vault).handle_reset_requests().await {
                        return;
                    }
                    pause = TRY_AGAIN;
                }
            });
        }
        Ok(handled)
    }

    /// Handles the pending requests, and returns whether all are done. A request that the database rejects stays
    /// pending: its sender was told that a link is on its way.
    async fn handle_reset_requests(&self) -> bool {
        let _handling = self.0.reset_requests.handling.read().await;
        self.handle_waiting().await
    }

    /// Handles the pending requests for the last time, including those that a task has taken, and returns whether that
    /// is done by `deadline`.
    pub(crate) async fn finish_reset_requests(&self, deadline: Instant) -> bool {
        let finish = async {
            // A task that fails puts back what it has taken.
            let _alone = self.0.reset_requests.handling.write().await;
            self.handle_waiting().await
        };
        timeout_at(deadline, finish).await.unwrap_or(false)
    }

    async fn handle_waiting(&self) -> bool {
        let requests = self.0.reset_requests.take();
        if requests.is_empty() {
            return true;
        }
        let put = self.put_reset_links(&requests).await;
        let failed = self.0.database.noted(put).is_err();
        let (again, over): (Vec<_>, Vec<_>) = requests
            .into_iter()
            .partition(|request| failed && request.since.elapsed() < GIVE_UP);
        if failed && !over.is_empty() {
            let count = over.len();
            tracing::error!(count, "links to set a new password could not be sent");
        }
        for Request { slot, done, .. } in over {
            drop(slot);
            // The sender rarely waits.
            let _ = done.send(());
        }
        let done = again.is_empty();
        self.0.reset_requests.put_back(again);
        done
    }

    /// Not a separate task: the stop's deadline ends it, and anything uncommitted by then is reported as lost.
    async fn put_reset_links(&self, requests: &[Request]) -> Result<()> {
        let put = async |tx: &mut Tx| {
            // A commit in doubt may have put them after all, as is known since this turn began.
            let waiting = requests
                .iter()
                .filter(|request| !request.put.load(Ordering::Relaxed));
            for Request { email, .. } in waiting {
                let account: Option<(String,)> =
                    sqlx::query_as("SELECT id FROM accounts WHERE email = $1")
                        .bind(email)
                        .fetch_optional(tx.connection())
                        .await?;
                if let Some((account,)) = account {
                    email_links::put(tx, &account, MailKind::ResetPassword, email).await?;
                }
            }
            // Forces the commit to disk in any case, which is what takes time. The value is random because the database
            // does not rewrite an unchanged one.
            sqlx::query(
                "INSERT INTO write_probe (id, body) VALUES (2, $1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            )
            .bind(random::bytes::<16>()?.to_vec())
            .execute(tx.connection())
            .await?;
            let put: Vec<_> = requests
                .iter()
                .map(|request| Arc::clone(&request.put))
                .collect();
            tx.on_commit(move || {
                for put in put {
                    put.store(true, Ordering::Relaxed);
                }
            });
            Ok(())
        };
        self.0.database.transact(System, put).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;
    use crate::error::Error;
    use crate::test_support::Fixture;

    /// Links that were promised are sent once the database accepts changes again.
    #[tokio::test]
    async fn requests_outlast_a_database_that_is_locked() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let held = vault.0.database.hold().await.unwrap();
        let caller = Caller::default();
        let work = vault.request_reset(&caller, "a@example.com");
        let mut handled = work.await.unwrap();
        tokio::time::pause();
        assert!(!vault.handle_reset_requests().await);
        assert_eq!(handled.try_recv(), Err(TryRecvError::Empty));
        tokio::time::resume();
        drop(held);
        assert!(vault.handle_reset_requests().await);
        handled.await.unwrap();
        assert!(vault.0.reset_requests.is_empty());
    }

    /// A request that a panic loses releases its slot.
    #[tokio::test]
    async fn a_panic_frees_the_slots_of_its_requests() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let caller = Caller::default();
        let work = vault.request_reset(&caller, "a@example.com");
        let _handled = work.await.unwrap();
        let handler = vault.clone();
        let fault = tokio::spawn(async move {
            let _requests = handler.0.reset_requests.take();
            panic!("as a fault in the code would");
        });
        assert!(fault.await.unwrap_err().is_panic());
        assert!(vault.0.reset_requests.is_empty());
    }

    /// The stop waits for the database only until its deadline, and reports lost requests, including those of a task.
    #[tokio::test]
    async fn the_last_try_ends_by_its_deadline() {
        const LIMIT: Duration = Duration::from_millis(1_500);
        for taken in [false, true] {
            let fixture = Fixture::new().await;
            let vault = &fixture.vault;
            let begun = Instant::now();
            assert!(vault.finish_reset_requests(begun).await, "nothing waits");
            let _held = vault.0.database.hold().await.unwrap();
            let caller = Caller::default();
            let work = vault.request_reset(&caller, "a@example.com");
            let _handled = work.await.unwrap();
            tokio::time::pause();
            if taken {
                let handler = vault.clone();
                tokio::spawn(async move { handler.handle_reset_requests().await });
                tokio::task::yield_now().await;
                assert!(vault.0.reset_requests.waiting().is_empty());
            }
            let begun = Instant::now();
            assert!(!vault.finish_reset_requests(begun + LIMIT).await);
            assert!(begun.elapsed() < LIMIT + Duration::from_millis(100));
            tokio::time::resume();
        }
    }

    #[tokio::test]
    async fn a_request_without_a_slot_is_not_charged() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let (requests, caller) = (&vault.0.reset_requests, Caller::default());
        let mut slots: Vec<_> = std::iter::from_fn(|| requests.reserve(None).ok()).collect();
        for _ in 0..10 {
            let refused = vault.request_reset(&caller, "a@example.com").await;
            assert!(matches!(refused, Err(Error::Busy)));
        }
        for _ in 0..3 {
            slots.pop();
            assert!(vault.request_reset(&caller, "a@example.com").await.is_ok());
        }
    }
}

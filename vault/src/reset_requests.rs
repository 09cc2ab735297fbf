//! Requests for a link to a new password, which anybody can make for any address. They are answered before anything is
//! looked up, and handled together a moment later by one transaction, which commits whether or not one of the addresses has an
//! account: neither the answer nor what the writer does next tells which addresses have one, and a flood of requests
//! costs one commit each time. No network holds more than a quarter of the places.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::notice::MailKind;
use shared::validation::FieldErrors;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::limits::backoff::Subject;
use crate::limits::origin::network;
use crate::text;
use crate::{Caller, Vault, links, random};

/// How long the first request waits for others.
const PAUSE: Duration = Duration::from_millis(250);
/// The wait after requests could not be handled, because the database takes no changes or its turn did not come.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// How long a request is tried. By then its sender has asked again.
const GIVE_UP: Duration = Duration::from_mins(15);
/// Most requests that wait.
const MOST: usize = 1_000;
/// Most of them from one network.
const MOST_OF_NETWORK: usize = MOST / 4;

struct Request {
    email: String,
    /// None: unknown, which counts as a network of its own.
    network: Option<IpAddr>,
    since: Instant,
    done: oneshot::Sender<()>,
}

/// The requests that wait.
#[derive(Default)]
pub(crate) struct ResetRequests(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: Vec<Request>,
    /// The places that are taken, also by requests that are being handled.
    places: HashMap<Option<IpAddr>, usize>,
}

impl ResetRequests {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many are waiting, in all or of its network.
    fn reserve(&self, network: Option<IpAddr>) -> Result<()> {
        let places = &mut self.waiting().places;
        let held = places.get(&network).copied().unwrap_or_default();
        if places.values().sum::<usize>() >= MOST || held >= MOST_OF_NETWORK {
            return Err(Error::Busy);
        }
        places.insert(network, held + 1);
        Ok(())
    }

    /// Gives a place back.
    fn release(&self, network: Option<IpAddr>) {
        if let Entry::Occupied(mut place) = self.waiting().places.entry(network) {
            *place.get_mut() -= 1;
            if *place.get() == 0 {
                place.remove();
            }
        }
    }

    /// Adds a request that has a place, and says whether it is the first.
    fn add(&self, request: Request) -> bool {
        let requests = &mut self.waiting().requests;
        requests.push(request);
        requests.len() == 1
    }

    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.waiting().requests)
    }

    /// Puts requests back that could not be handled.
    fn put_back(&self, requests: Vec<Request>) {
        self.waiting().requests.splice(0..0, requests);
    }
}

impl Vault {
    /// Sends a link to a new password, if there is an account with this address. Whether there is cannot be told from
    /// the answer nor from its time. The receiver hears when the request has been handled.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `email`; [`Error::Throttled`]; [`Error::Busy`].
    #[expect(clippy::unused_async, reason = "like every other operation")]
    pub async fn request_reset(
        &self,
        email: &str,
        caller: &Caller,
    ) -> Result<oneshot::Receiver<()>> {
        let email = text::email(email).map_err(|error| FieldErrors::one("email", error))?;
        let network = caller.address.map(network);
        let requests = &self.0.reset_requests;
        // First, so that what is refused for want of a place counts against no mailbox.
        let place = requests.reserve(network);
        self.0.limits.counted(Limit::Mails, place)?;
        let subjects = Subject::mail(MailKind::ResetPassword, &email, caller.address);
        // Each counts, whether it led to a mail or not.
        if let Err(throttled) = self.0.limits.mail(subjects) {
            requests.release(network);
            return Err(throttled);
        }
        let (done, handled) = oneshot::channel();
        let request = Request {
            email,
            network,
            since: Instant::now(),
            done,
        };
        if requests.add(request) {
            let vault = std::sync::Arc::downgrade(&self.0);
            tokio::spawn(async move {
                let mut pause = PAUSE;
                loop {
                    tokio::time::sleep(pause).await;
                    let Some(vault) = vault.upgrade() else {
                        return;
                    };
                    if Self(vault).handle_reset_requests().await {
                        return;
                    }
                    pause = TRY_AGAIN;
                }
            });
        }
        Ok(handled)
    }

    /// Handles the requests that wait, and returns whether that is done. What the database does not take waits on: its
    /// sender was told that a link is on its way.
    pub(crate) async fn handle_reset_requests(&self) -> bool {
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
            tracing::error!(count, "links to new passwords could not be sent");
        }
        for request in over {
            self.0.reset_requests.release(request.network);
            // Whoever asked rarely waits.
            let _ = request.done.send(());
        }
        let done = again.is_empty();
        self.0.reset_requests.put_back(again);
        done
    }

    async fn put_reset_links(&self, requests: &[Request]) -> Result<()> {
        let kind = MailKind::ResetPassword;
        let mut write = self.0.database.begin().await?;
        let now = write.now;
        let connection = &mut *write.transaction;
        for Request { email, .. } in requests {
            let account: Option<(String,)> =
                sqlx::query_as("SELECT id FROM accounts WHERE email = $1")
                    .bind(email)
                    .fetch_optional(&mut *connection)
                    .await?;
            if let Some((account,)) = account {
                links::put(connection, &account, kind, email, now).await?;
            }
        }
        // Makes the commit reach the disk in any case, which is what takes time. SQLite does not write what is there
        // already.
        sqlx::query(
            "INSERT INTO write_probe (id, body) VALUES (2, $1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        )
        .bind(random::bytes::<16>()?.to_vec())
        .execute(connection)
        .await?;
        let _turn = write.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Arc;

    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;
    use crate::clock::ManualClock;

    const NOON: i64 = 1_795_435_200_000;

    fn reserve(requests: &ResetRequests, address: [u8; 4]) -> bool {
        let network = network(IpAddr::from(address));
        requests.reserve(Some(network)).is_ok()
    }

    #[test]
    fn one_network_leaves_places_to_others() {
        let requests = ResetRequests::default();
        let reserved = (0..=u8::MAX).cycle().take(2 * MOST);
        let reserved = reserved.filter(|host| reserve(&requests, [203, 0, 113, *host]));
        assert_eq!(reserved.count(), MOST_OF_NETWORK);
        assert!(reserve(&requests, [192, 0, 2, 1]));
        for network in 0..10 {
            for _ in 0..MOST {
                reserve(&requests, [198, 51, network, 1]);
            }
        }
        let held: usize = requests.waiting().places.values().sum();
        assert_eq!(held, MOST);
        requests.release(Some(IpAddr::from([203, 0, 113, 0])));
        assert!(reserve(&requests, [203, 0, 113, 1]), "a place is free");
    }

    /// What was answered as being on its way is sent once the database takes changes again.
    #[tokio::test]
    async fn requests_outlast_a_database_that_is_locked() {
        let (vault, _folder) = crate::temporary::vault(Arc::new(ManualClock::at(NOON))).await;
        let held = vault.0.database.begin().await.unwrap();
        let caller = Caller::default();
        let work = vault.request_reset("a@example.com", &caller);
        let mut handled = work.await.unwrap();
        tokio::time::pause();
        assert!(!vault.handle_reset_requests().await);
        assert_eq!(handled.try_recv(), Err(TryRecvError::Empty));
        tokio::time::resume();
        drop(held.commit().await.unwrap());
        assert!(vault.handle_reset_requests().await);
        handled.await.unwrap();
        assert!(vault.0.reset_requests.waiting().places.is_empty());
    }

    #[tokio::test]
    async fn a_request_that_finds_no_place_is_not_charged() {
        let (vault, _folder) = crate::temporary::vault(Arc::new(ManualClock::at(NOON))).await;
        let (requests, caller) = (&vault.0.reset_requests, Caller::default());
        while requests.reserve(None).is_ok() {}
        for _ in 0..10 {
            let refused = vault.request_reset("a@example.com", &caller).await;
            assert!(matches!(refused, Err(Error::Busy)));
        }
        for _ in 0..3 {
            requests.release(None);
            assert!(vault.request_reset("a@example.com", &caller).await.is_ok());
        }
    }
}

//! Requests for a link to a new password, which anybody can make for any address. They are answered before anything is
//! looked up, and handled together a moment later by one transaction, which commits whether or not one of the addresses has an
//! account: neither the answer nor what the writer does next tells which addresses have one, and a flood of requests
//! costs one commit each time. No network holds more than a quarter of the places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::notice::MailKind;
use shared::validation::FieldErrors;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::limits::backoff::Subject;
use crate::limits::origin::network;
use crate::text;
use crate::{Caller, Vault, links, random};

/// How long the first request waits for others.
const PAUSE: Duration = Duration::from_millis(250);
/// Most requests that wait.
const MOST: usize = 1_000;
/// Most of them from one network.
const MOST_OF_NETWORK: usize = MOST / 4;

struct Request {
    email: String,
    /// None: unknown, which counts as a network of its own.
    network: Option<IpAddr>,
    done: oneshot::Sender<()>,
}

/// The requests that wait.
#[derive(Default)]
pub(crate) struct ResetRequests(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: Vec<Request>,
    by_network: HashMap<Option<IpAddr>, usize>,
}

impl ResetRequests {
    /// Adds a request, and says whether it is the first.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many are waiting, in all or of its network.
    fn add(&self, request: Request) -> Result<bool> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting {
            requests,
            by_network,
        } = &mut *waiting;
        let held = by_network.get(&request.network).copied();
        let held = held.unwrap_or_default();
        if requests.len() >= MOST || held >= MOST_OF_NETWORK {
            return Err(Error::Busy);
        }
        by_network.insert(request.network, held + 1);
        requests.push(request);
        Ok(requests.len() == 1)
    }

    fn take(&self) -> Vec<Request> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.requests
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
        let subjects = Subject::mail(MailKind::ResetPassword, &email, caller.address);
        // Each counts, whether it led to a mail or not.
        self.0.limits.mail(subjects)?;
        let (done, handled) = oneshot::channel();
        let request = Request {
            email,
            network: caller.address.map(network),
            done,
        };
        let added = self.0.reset_requests.add(request);
        if self.0.limits.counted(Limit::Mails, added)? {
            let vault = std::sync::Arc::downgrade(&self.0);
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                if let Some(vault) = vault.upgrade() {
                    Self(vault).handle_reset_requests().await;
                }
            });
        }
        Ok(handled)
    }

    /// Handles the requests that wait.
    pub(crate) async fn handle_reset_requests(&self) {
        let requests = self.0.reset_requests.take();
        if requests.is_empty() {
            return;
        }
        let put = self.put_reset_links(&requests).await;
        if let Err(error) = self.0.database.noted(put)
            && error.is_news()
        {
            tracing::error!(%error, "links to new passwords could not be sent");
        }
        for request in requests {
            // Whoever asked rarely waits.
            let _ = request.done.send(());
        }
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
    use super::*;

    fn add(requests: &ResetRequests, address: [u8; 4]) -> bool {
        let (done, _) = oneshot::channel();
        let request = Request {
            email: "a@example.com".to_owned(),
            network: Some(network(IpAddr::from(address))),
            done,
        };
        requests.add(request).is_ok()
    }

    #[test]
    fn one_network_leaves_places_to_others() {
        let requests = ResetRequests::default();
        let added = (0..=u8::MAX).cycle().take(2 * MOST);
        let added = added.filter(|host| add(&requests, [203, 0, 113, *host]));
        assert_eq!(added.count(), MOST_OF_NETWORK);
        assert!(add(&requests, [192, 0, 2, 1]));
        for network in 0..10 {
            for _ in 0..MOST {
                add(&requests, [198, 51, network, 1]);
            }
        }
        assert_eq!(requests.take().len(), MOST);
        assert!(add(&requests, [203, 0, 113, 1]), "all are free again");
    }
}

//! Requests for a link to a new password, which anybody can make for any address. They are answered before anything is
//! looked up, and handled together a moment later by one transaction, which commits whether or not one of the addresses has an
//! account: neither the answer nor what the writer does next tells which addresses have one, and a flood of requests
//! costs one commit each time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::notice::MailKind;
use shared::validation::FieldErrors;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::text;
use crate::{Caller, Vault, links, random};

/// How long the first request waits for others.
const PAUSE: Duration = Duration::from_millis(250);
/// Most requests that wait.
const MOST: usize = 1_000;

struct Request {
    email: String,
    done: oneshot::Sender<()>,
}

/// The requests that wait.
#[derive(Default)]
pub(crate) struct ResetRequests(Mutex<Vec<Request>>);

impl ResetRequests {
    /// Adds a request, and says whether it is the first.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many are waiting.
    fn add(&self, request: Request) -> Result<bool> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            return Err(Error::Busy);
        }
        waiting.push(request);
        Ok(waiting.len() == 1)
    }

    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
        self.0.limits.mail(subjects, self.now())?;
        let (done, handled) = oneshot::channel();
        if self.0.reset_requests.add(Request { email, done })? {
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

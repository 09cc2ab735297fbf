//! Sending one mail: leased, checked, handed over, settled.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::error::Result;
use crate::mail::transport::{SendFault, Transport};
use crate::mail::{Content, Letter};
use crate::outbox::{self, Leased};
use crate::{Vault, check};

/// The wait before writing down again what could not be written down.
const TRY_AGAIN: Duration = Duration::from_secs(2);

impl Vault {
    /// Sends what is due now, one after another, each within `limit`, and says how many attempts that were.
    pub async fn deliver(&self, transport: &Transport, limit: Duration) -> Result<usize> {
        let mut attempts = 0;
        while let Some((mail, content)) = self.take(self.now(), &Hands::default()).await? {
            let outcome = attempt(transport, &mail, content, limit).await;
            outbox::settle(&self.0.database, &mail, &outcome, self.now()).await?;
            attempts += 1;
        }
        Ok(attempts)
    }

    /// Leases the next mail that is due and still has something true to say.
    pub(crate) async fn take(&self, now: i64, hands: &Hands) -> Result<Option<(Leased, Content)>> {
        let database = &self.0.database;
        loop {
            let due = outbox::next_try(database, now).await?;
            if due.is_none_or(|at| at > now) {
                return Ok(None);
            }
            // The lease is committed by itself: a mail that cannot be composed comes up again when it ends,
            // and does not stand in the way of the others meanwhile.
            let mut write = database.begin().await?;
            let Some(mail) = outbox::lease(&mut write.transaction, now).await? else {
                return Ok(None);
            };
            drop(write.commit().await?);
            if hands.hold(&mail.id) {
                continue;
            }
            let mut write = database.begin().await?;
            let content = check::content(self, &mut write.transaction, &mail, now).await?;
            if content.is_none() {
                outbox::drop_mail(&mut write.transaction, &mail, now).await?;
            }
            let _turn = write.commit().await?;
            if let Some(content) = content {
                return Ok(Some((mail, content)));
            }
        }
    }
}

/// The mails that are being sent. One whose outcome cannot be written down for so long that its lease ends is
/// still in somebody's hands, and must not be sent a second time.
#[derive(Clone, Default)]
pub struct Hands(Arc<Mutex<HashSet<String>>>);

impl Hands {
    fn hold(&self, mail: &str) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(mail)
    }

    /// Holds a mail until what is given back is dropped.
    pub fn take(&self, mail: &str) -> Held {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(mail.to_owned());
        Held(self.clone(), mail.to_owned())
    }
}

/// A mail in hand, until this is dropped.
pub struct Held(Hands, String);

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.1);
    }
}

/// Hands a mail to the mail server.
pub async fn attempt(
    transport: &Transport,
    mail: &Leased,
    content: Content,
    limit: Duration,
) -> Result<String, SendFault> {
    let letter = Letter {
        id: mail.id.clone(),
        created_at: mail.created_at,
        to: mail.recipient.clone(),
        content,
    };
    timeout(limit, transport.send(&letter))
        .await
        .unwrap_or_else(|_| {
            let words = format!("no answer within {} s", limit.as_secs());
            Err(SendFault::Temporary(words))
        })
}

/// Writes down what came of an attempt that began at `begun`, for as long as it takes: a mail that was sent and
/// is not marked would be sent again. The instant is counted from the lease, by the monotonic clock.
pub async fn settle(
    vault: &Vault,
    mail: &Leased,
    outcome: &Result<String, SendFault>,
    begun: Instant,
) {
    match outcome {
        Ok(_) => tracing::info!(mail = mail.id, "mail sent"),
        Err(SendFault::Temporary(words)) => {
            tracing::warn!(mail = mail.id, words, "mail not sent, to be tried again");
        }
        Err(SendFault::Permanent(words)) => {
            tracing::error!(mail = mail.id, words, "mail refused for good");
        }
    }
    loop {
        let took = i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
        let now = mail.since.saturating_add(took);
        match outbox::settle(&vault.0.database, mail, outcome, now).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, mail = mail.id, "what came of a mail cannot be written down yet");
            }
        }
        sleep(TRY_AGAIN).await;
    }
}

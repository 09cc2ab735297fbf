//! What an unused link opens, for the question that a browser with another session is asked first.

use shared::capability::Capabilities;
use sqlx::FromRow;

use super::{digest, person};
use crate::accounts::sessions::{Person, Session};
use crate::error::{Error, Result};
use crate::vault::Vault;

/// What a link opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opens {
    pub account_id: String,
    /// What people call the account.
    pub label: String,
    pub person: Option<Person>,
    pub capabilities: Capabilities,
    /// The end of the session. UTC epoch milliseconds.
    pub ends_at: i64,
}

impl Opens {
    /// Returns whether a browser with this session stays with the same person of the same account. A session of an own
    /// sign-in is neither: it may do more than any link.
    pub fn continues(&self, present: &Session) -> bool {
        let id = |person: &Option<Person>| person.as_ref().map(|one| one.external_id.clone());
        let same = |portal: &super::Portal| id(&portal.person) == id(&self.person);
        present.account.id == self.account_id && present.portal.as_ref().is_some_and(same)
    }
}

/// A link that still works.
#[derive(FromRow)]
pub(super) struct LinkRow {
    account_id: String,
    /// The company's own id of the person who should use it.
    pub(super) actor_external_id: Option<String>,
    actor_label: Option<String>,
    capabilities: String,
    expires_at: i64,
}

impl Vault {
    /// Returns what the link with this code opens. The code stays good.
    ///
    /// # Errors
    /// [`Error::LinkGone`], the same for a code that is unknown, used, expired or damaged.
    pub async fn opened_by(&self, code: &str) -> Result<Opens> {
        let digest = digest(&self.0.pepper, code).ok_or(Error::LinkGone)?;
        let link = self.unused_link(&digest).await?;
        let account = self.account(&link.account_id).await?;
        Ok(Opens {
            label: account.label().to_owned(),
            account_id: account.id,
            person: person(link.actor_external_id, link.actor_label),
            capabilities: Capabilities::stored(&link.capabilities),
            ends_at: link.expires_at,
        })
    }

    /// Returns a link that still works.
    pub(super) async fn unused_link(&self, digest: &[u8]) -> Result<LinkRow> {
        let found = sqlx::query_as(
            "SELECT account_id, actor_external_id, actor_label, capabilities, expires_at FROM portal_sessions
             WHERE digest = $1 AND redeemed_at IS NULL AND ended_at IS NULL AND code_expires_at > $2",
        )
        .bind(digest)
        .bind(self.now())
        .fetch_optional(&self.readers())
        .await?;
        found.ok_or(Error::LinkGone)
    }
}

//! Claims: password resets on accounts whose creator is not proven to read mail at their address.
//!
//! Sign-up takes no proof of the address, so a stranger may have created such an account and may still hold the secrets
//! of its keys. A confirmation changes that only if it came from a browser on which the account's owner had signed in:
//! the link alone may have been opened by a deceived reader. The reset is the first proof of the address. It therefore
//! expires every earlier key; the new owner can restore the known ones.

use crate::accounts::claim::{self, CLAIMED};
use crate::error::Result;
use crate::keys::expire_all::expire_all;
use crate::notices::reports;
use crate::outbox::MailTo;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry, Replaced};

/// Expires every good key of the account, within the transaction that confirms its address. `mail` tells the owner, so
/// no notice repeats it.
pub async fn claim(tx: &mut Tx, mail: &MailTo<'_>) -> Result<()> {
    let (account, now) = (mail.account, tx.now());
    tx.confirm_earlier();
    for key in expire_all(tx.connection(), account, now).await? {
        let subject = key.access_key.to_string();
        tx.audit(Entry {
            account_id: account,
            action: Action::Expired,
            subject: &subject,
            detail: CLAIMED,
            external_id: "",
            expires_at: Some(now),
            // No handle: the former holder of the account must not undo it.
            replaced: Some(Replaced {
                change: None,
                name: None,
                description: None,
                expires_at: key.expires_at,
                set_at: key.set_at,
            }),
        })
        .await?;
        reports::told_by(tx.connection(), mail, &subject, now).await?;
        tx.publish(Publication::Amend {
            access_key: key.access_key,
            name: key.name,
            expires_at: Some(now),
        });
    }
    claim::record(tx.connection(), account, now).await
}

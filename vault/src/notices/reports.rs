//! Reports that an operation itself causes, in its own transaction: of keys that it expires, or of what fell due while no
//! sweep could see it.

use shared::notice::Stage;
use sqlx::AnyConnection;

use super::sweep::write_mail;
use super::wishes::Wishes;
use crate::error::Result;
use crate::outbox::ledger::{self, Report};
use crate::outbox::{self, MailTo, Wait};
use crate::storage::Tx;

/// Records that a key was expired manually, in the transaction that does it. The mail waits, so that it can cover all
/// keys that are expired by then.
pub async fn expired_manually(
    tx: &mut Tx,
    account: &str,
    access_key: &str,
    wait: Wait,
) -> Result<()> {
    let key = Report {
        access_key: access_key.to_owned(),
        expires_at: tx.now(),
        stage: Stage::Expired,
    };
    missed(tx, account, vec![key], wait).await
}

/// Records reports that no sweep finds, in the transaction that causes them.
pub async fn missed(
    tx: &mut Tx,
    account: &str,
    mut reports: Vec<Report>,
    wait: Wait,
) -> Result<()> {
    let now = tx.now();
    let Some(wishes) = Wishes::of(tx.connection(), account).await? else {
        return Ok(());
    };
    reports.retain(|report| wishes.stages.contains(report.stage));
    if reports.is_empty() {
        return Ok(());
    }
    for recipient in wishes.recipients {
        let reports = reports.clone();
        write_mail(tx.connection(), account, &recipient, reports, now, wait).await?;
    }
    Ok(())
}

/// Records that the keys of a change were expired manually, as [`expired_manually`]: one mail for all of them.
pub async fn expired_at_once(tx: &mut Tx, account: &str, change: &str, wait: Wait) -> Result<()> {
    let now = tx.now();
    let wishes = Wishes::of(tx.connection(), account).await?;
    let Some(wishes) = wishes.filter(|wishes| wishes.stages.contains(Stage::Expired)) else {
        return Ok(());
    };
    let connection = tx.connection();
    for recipient in &wishes.recipients {
        let id = outbox::notice(connection, account, recipient, now, wait).await?;
        let mail = MailTo {
            id: &id,
            account,
            recipient,
        };
        if !ledger::record_change(connection, &mail, change, now).await? {
            ledger::remove_if_empty(connection, &id).await?;
        }
    }
    Ok(())
}

/// Records in the ledger that a mail of another kind reports this key's expiration, so that no notice does.
pub async fn told_by(
    connection: &mut AnyConnection,
    mail: &MailTo<'_>,
    access_key: &str,
    expires_at: i64,
) -> Result<()> {
    let report = Report {
        access_key: access_key.to_owned(),
        expires_at,
        stage: Stage::Expired,
    };
    ledger::record(connection, mail, &report, None).await?;
    Ok(())
}

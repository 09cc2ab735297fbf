//! `keyhold key`.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::account::given;
use super::error::ClientError;
use super::http::{account_name, account_path, segment};
use super::input::{confirm, credential};
use super::table::Column;
use super::{Outcome, Session};
use crate::config::client::{Confirmed, KeyCommand};

const LIST: &[Column] = &[
    Column::id("access key", "access_key"),
    Column::text("name", "name"),
    Column::of("account", account),
    Column::id("status", "status"),
    Column::instant("expires", "expires_at"),
    Column::instant("last used", "last_used_at"),
];

const RECORD: &[Column] = &[
    Column::id("access key", "access_key"),
    Column::text("account", "account_id"),
    Column::text("external id", "external_id"),
    Column::text("name", "name"),
    Column::text("description", "description"),
    Column::text("status", "status"),
    Column::text("created", "created_at"),
    Column::text("expires", "expires_at"),
    Column::text("last used", "last_used_at"),
];

/// The two halves of a new key, and what they belong to.
const NEW: &[Column] = &[
    Column::id("access key", "access_key"),
    Column::id("secret key", "secret_key"),
    Column::text("account", "account_id"),
    Column::text("external id", "external_id"),
    Column::text("name", "name"),
    Column::text("expires", "expires_at"),
];

const DECISION: &[Column] = &[
    Column::text("valid", "valid"),
    Column::text("code", "code"),
    Column::text("access key", "access_key"),
    Column::text("account", "account_id"),
    Column::text("external id", "external_id"),
    Column::text("name", "name"),
    Column::text("expires", "expires_at"),
    Column::text("expired", "expired_at"),
];

/// Returns the account's external id, by which the company knows it, or else its id.
fn account(key: &Value) -> String {
    let name = key["external_id"].as_str();
    let name = name.or_else(|| key["account_id"].as_str());
    name.unwrap_or_default().to_owned()
}

fn path(access_key: &str) -> Result<String, ClientError> {
    segment(access_key).map(|segment| format!("/keys/{segment}"))
}

pub async fn run(command: KeyCommand, to: &mut dyn Write) -> Outcome {
    match command {
        KeyCommand::List {
            account,
            status,
            expires_before,
            unused_since,
            q,
            target,
        } => {
            let owner = account.map(|account| account_name(&account));
            let query = [
                ("owner", owner.as_deref()),
                ("status", status.as_deref()),
                ("expires_before", expires_before.as_deref()),
                ("unused_since", unused_since.as_deref()),
                ("q", q.as_deref()),
            ];
            let mut session = Session::of(&target, to)?;
            session.list("/keys", &query, LIST).await
        }
        KeyCommand::Show { key, target } => {
            let path = path(&key.access_key)?;
            let mut session = Session::of(&target, to)?;
            let record = session.api.get(&path, &[]).await?;
            session.record(&record, RECORD)
        }
        KeyCommand::Create {
            account,
            name,
            description,
            expiry,
            raw,
            target,
        } => {
            let path = account_path(&account.account)? + "/keys";
            let body = given([
                ("name", Some(name.into())),
                ("description", description.map(Value::from)),
                ("expiry", Some(expiry.into())),
            ]);
            create(Session::of(&target, to)?, &path, &body.into(), raw).await
        }
        KeyCommand::Edit {
            key,
            name,
            description,
            expiry,
            target,
        } => {
            let path = path(&key.access_key)?;
            let body = given([
                ("name", name.map(Value::from)),
                ("description", description.map(Value::from)),
                ("expiry", expiry.map(Value::from)),
            ]);
            if body.is_empty() {
                return Err(ClientError::NothingToChange);
            }
            let mut session = Session::of(&target, to)?;
            let record = session.api.patch(&path, &body.into()).await?;
            session.record(&record, RECORD)
        }
        KeyCommand::Expire {
            key,
            reason,
            target,
        } => expire(Session::of(&target, to)?, &key.access_key, reason).await,
        KeyCommand::Restore {
            key,
            expiry,
            target,
        } => {
            let path = path(&key.access_key)? + "/restore";
            let mut session = Session::of(&target, to)?;
            let body = json!({ "expiry": expiry });
            let record = session.api.post(&path, &body).await?;
            session.record(&record, RECORD)
        }
        KeyCommand::Delete {
            key,
            confirmed,
            target,
        } => {
            let session = Session::of(&target, to)?;
            delete(session, &key.access_key, confirmed).await
        }
        KeyCommand::Verify { from, target } => {
            if from.is_some_and(|from| from != "-") {
                return Err(ClientError::CredentialInArgument);
            }
            verify(Session::of(&target, to)?).await
        }
    }
}

async fn expire(mut session: Session<'_>, name: &str, reason: Option<String>) -> Outcome {
    let path = path(name)? + "/expire";
    let body = given([("reason", reason.map(Value::from))]);
    let record = session.api.post(&path, &body.into()).await?;
    session.record(&record, RECORD)
}

async fn delete(mut session: Session<'_>, name: &str, confirmed: Confirmed) -> Outcome {
    let path = path(name)?;
    confirm(confirmed, &format!("Delete the key {name:?}, permanently?"))?;
    session.api.delete(&path).await?;
    session.note(&format!("The key {name:?} is deleted."));
    session.print("")
}

/// Prints the decision about a credential.
async fn verify(mut session: Session<'_>) -> Outcome {
    let body = json!({ "credential": credential()? });
    let decision = session.api.post("/keys/verify", &body).await?;
    session.record(&decision, DECISION)?;
    Ok(ExitCode::from(u8::from(decision["valid"] != true)))
}

/// Creates a key and prints it.
async fn create(mut session: Session<'_>, path: &str, body: &Value, raw: bool) -> Outcome {
    let made = session.api.post(path, body).await?;
    if raw {
        let half = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let credential = format!("{}.{}\n", half("access_key"), half("secret_key"));
        return session.print(&credential);
    }
    session.note("The secret key is shown once. Copy it now.");
    session.record(&made, NEW)
}

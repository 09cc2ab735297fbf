//! `keyhold account`.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::error::ClientError;
use super::http::account_path;
use super::input::confirm;
use super::table::Column;
use super::{Outcome, Session};
use crate::config::client::{AccountCommand, AccountFields};

const LIST: &[Column] = &[
    Column::id("id", "id"),
    Column::text("external id", "external_id"),
    Column::text("name", "name"),
    Column::of("status", status),
    Column::id("keys", "keys"),
    Column::instant("created", "created_at"),
];

const RECORD: &[Column] = &[
    Column::id("id", "id"),
    Column::text("external id", "external_id"),
    Column::text("name", "name"),
    Column::of("status", status),
    Column::text("email", "email"),
    Column::text("notice emails", "notice_emails"),
    Column::text("metadata", "metadata"),
    Column::text("time zone", "time_zone"),
    Column::text("warning days", "warning_days"),
    Column::text("keys", "keys"),
    Column::text("created", "created_at"),
];

fn status(account: &Value) -> String {
    match (&account["suspended_at"], &account["suspended_reason"]) {
        (Value::Null, _) => "active".to_owned(),
        (_, Value::String(reason)) if !reason.is_empty() => format!("suspended: {reason}"),
        _ => "suspended".to_owned(),
    }
}

pub async fn run(command: AccountCommand, to: &mut dyn Write) -> Outcome {
    match command {
        AccountCommand::List { q, status, target } => {
            let query = [("q", q.as_deref()), ("status", status.as_deref())];
            let mut session = Session::of(&target, to)?;
            session.list("/accounts", &query, LIST).await
        }
        AccountCommand::Show { account, target } => {
            let path = account_path(&account.account)?;
            let mut session = Session::of(&target, to)?;
            let record = session.api.get(&path, &[]).await?;
            session.record(&record, RECORD)
        }
        AccountCommand::Create { fields, target } => {
            let mut session = Session::of(&target, to)?;
            let body = members(fields);
            let record = session.api.post("/accounts", &body.into()).await?;
            session.record(&record, RECORD)
        }
        AccountCommand::Edit {
            account,
            fields,
            target,
        } => {
            let path = account_path(&account.account)?;
            let body = members(fields);
            if body.is_empty() {
                return Err(ClientError::NothingToChange);
            }
            let mut session = Session::of(&target, to)?;
            let record = session.api.patch(&path, &body.into()).await?;
            session.record(&record, RECORD)
        }
        AccountCommand::Suspend {
            account,
            reason,
            confirmed,
            target,
        } => {
            let path = account_path(&account.account)? + "/suspend";
            let mut session = Session::of(&target, to)?;
            let name = &account.account;
            confirm(
                confirmed,
                &format!("Suspend the account {name:?} and refuse its keys?"),
            )?;
            let body = json!({ "reason": reason });
            let record = session.api.post(&path, &body).await?;
            session.record(&record, RECORD)
        }
        AccountCommand::Resume { account, target } => {
            let path = account_path(&account.account)? + "/resume";
            let mut session = Session::of(&target, to)?;
            let record = session.api.post(&path, &json!({})).await?;
            session.record(&record, RECORD)
        }
        AccountCommand::EndSessions {
            account,
            actor,
            target,
        } => {
            let path = account_path(&account.account)? + "/end-sessions";
            let mut session = Session::of(&target, to)?;
            let body = given([("actor", actor.map(Value::from))]);
            let ended = session.api.post(&path, &body.into()).await?;
            session.record(&ended, &[Column::text("ended", "ended")])
        }
        AccountCommand::Delete {
            account,
            confirmed,
            target,
        } => {
            let path = account_path(&account.account)?;
            let mut session = Session::of(&target, to)?;
            let name = &account.account;
            confirm(
                confirmed,
                &format!("Delete the account {name:?} with all its keys, permanently?"),
            )?;
            session.api.delete(&path).await?;
            session.note(&format!("The account {name:?} and its keys are deleted."));
            session.print("")
        }
    }
}

/// Returns the members that flags give.
fn members(fields: AccountFields) -> Map<String, Value> {
    let AccountFields {
        external_id,
        name,
        notice_email,
        metadata,
        time_zone,
        warning_days,
    } = fields;
    let external_id = external_id.map(|id| match id.as_str() {
        "" => Value::Null,
        _ => id.into(),
    });
    let emails = || {
        let addresses = notice_email.iter().filter(|address| !address.is_empty());
        addresses.cloned().collect::<Vec<_>>()
    };
    let members = [
        ("external_id", external_id),
        ("name", name.map(Value::from)),
        (
            "notice_emails",
            (!notice_email.is_empty()).then(|| emails().into()),
        ),
        ("metadata", metadata.map(Value::from)),
        ("time_zone", time_zone.map(Value::from)),
        ("warning_days", warning_days.map(Value::from)),
    ];
    given(members)
}

/// Returns the members that have a value.
pub fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let given = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}

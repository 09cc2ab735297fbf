//! `keyhold token`.

use std::io::Write;

use serde_json::json;

use super::http::segment;
use super::input::confirm;
use super::table::Column;
use super::{Outcome, Session};
use crate::config::client::TokenCommand;

const LIST: &[Column] = &[
    Column::id("id", "id"),
    Column::text("name", "name"),
    Column::text("scopes", "scopes"),
    Column::instant("expires", "expires_at"),
    Column::instant("last used", "last_used_at"),
];

/// A new token.
const NEW: &[Column] = &[
    Column::id("token", "token"),
    Column::id("id", "id"),
    Column::text("name", "name"),
    Column::text("scopes", "scopes"),
    Column::text("expires", "expires_at"),
];

pub async fn run(command: TokenCommand, to: &mut dyn Write) -> Outcome {
    match command {
        TokenCommand::List { target } => {
            let mut session = Session::of(&target, to)?;
            session.list("/tokens", &[], LIST).await
        }
        TokenCommand::Create {
            name,
            scopes,
            expiry,
            raw,
            target,
        } => {
            let mut session = Session::of(&target, to)?;
            let body = json!({ "name": name, "scopes": scopes, "expiry": expiry });
            let made = session.api.post("/tokens", &body).await?;
            if raw {
                let token = made["token"].as_str().unwrap_or_default();
                return session.print(&format!("{token}\n"));
            }
            session.note("The token is shown once. Copy it now.");
            session.record(&made, NEW)
        }
        TokenCommand::Revoke {
            id,
            confirmed,
            target,
        } => {
            let path = format!("/tokens/{}", segment(&id)?);
            let mut session = Session::of(&target, to)?;
            confirm(confirmed, &format!("Revoke the token {id:?}?"))?;
            session.api.delete(&path).await?;
            session.note(&format!("The token {id:?} is revoked."));
            session.print("")
        }
    }
}

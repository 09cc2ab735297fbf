//! `keyhold portal`.

use std::io::Write;

use serde_json::{Value, json};

use super::account::given;
use super::error::ClientError;
use super::http::account_path;
use super::{Outcome, Session, json as printed};
use crate::config::client::portal::{PortalCommand, PortalLink};

pub async fn run(command: PortalCommand, to: &mut dyn Write) -> Outcome {
    let PortalCommand::Link(link) = command;
    let mut session = Session::of(&link.target, to)?;
    let external_id = external_id(&link).to_owned();
    let path = account_path(&format!("ext:{external_id}"))?;
    let is_new = !session.json && is_missing(&session, &path).await?;
    let made = session.api.post("/portal-sessions", &body(*link)).await?;
    if session.json {
        return session.print(&printed(&made));
    }
    if is_new {
        session.note(&format!("A new account was made for {external_id}."));
    }
    let until = made["code_expires_at"].as_str().unwrap_or_default();
    session.note(&format!("The link works once, until {until}."));
    let url = made["url"].as_str().unwrap_or_default();
    session.print(&format!("{url}\n"))
}

/// Returns whether there is no such account yet, which may be due to a mistyped id; no if the token may not see that.
async fn is_missing(session: &Session<'_>, path: &str) -> Result<bool, ClientError> {
    match session.api.get(path, &[]).await {
        Ok(_) => Ok(false),
        // What else is wrong, the request for the link tells.
        Err(ClientError::Refused(problem)) => Ok(problem.status == 404),
        Err(error) => Err(error),
    }
}

fn external_id(link: &PortalLink) -> &str {
    let without = link.external_id.strip_prefix("ext:");
    without.unwrap_or(&link.external_id)
}

fn body(link: PortalLink) -> Value {
    let external_id = external_id(&link).to_owned();
    let emails = || {
        let addresses = link
            .notice_email
            .iter()
            .filter(|address| !address.is_empty());
        addresses.cloned().collect::<Vec<_>>()
    };
    let account = given([
        ("external_id", Some(external_id.into())),
        ("name", link.name.map(Value::from)),
        (
            "notice_emails",
            (!link.notice_email.is_empty()).then(|| emails().into()),
        ),
        ("time_zone", link.time_zone.map(Value::from)),
        ("metadata", link.metadata.map(Value::from)),
    ]);
    let actor = link
        .label
        .map(|label| json!({ "external_id": link.actor, "label": label }));
    let members = given([
        ("account", Some(account.into())),
        ("actor", actor),
        (
            "capabilities",
            (!link.capability.is_empty()).then(|| link.capability.into()),
        ),
        ("session_seconds", link.session_seconds.map(Value::from)),
        ("page", link.page.map(Value::from)),
        ("return_url", link.return_url.map(Value::from)),
    ]);
    members.into()
}

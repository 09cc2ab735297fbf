//! `keyhold portal`.

use std::io::Write;

use serde_json::{Value, json};

use super::account::given;
use super::{Outcome, Session, json as printed};
use crate::config::client::portal::{PortalCommand, PortalLink};

pub async fn run(command: PortalCommand, to: &mut dyn Write) -> Outcome {
    let PortalCommand::Link(link) = command;
    let mut session = Session::of(&link.target, to)?;
    let made = session.api.post("/portal-sessions", &body(*link)).await?;
    if session.json {
        return session.print(&printed(&made));
    }
    let until = made["code_expires_at"].as_str().unwrap_or_default();
    session.note(&format!("The link works once, until {until}."));
    let url = made["url"].as_str().unwrap_or_default();
    session.print(&format!("{url}\n"))
}

fn body(link: PortalLink) -> Value {
    let external_id = link.external_id.strip_prefix("ext:");
    let external_id = external_id.unwrap_or(&link.external_id).to_owned();
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

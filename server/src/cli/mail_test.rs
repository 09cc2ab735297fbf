//! `keyhold mail test`: one mail with the settings of `serve`. It needs no database, and so works beside a running
//! server and before the first start.

use std::time::Duration;

use tokio::time::timeout;
use vault::brand::Brand;
use vault::mail::transport::{Progress, Transport};
use vault::mail::{Letter, Letterhead};
use vault::text;

use crate::config::commands::MailTest;
use crate::config::error::ConfigError;

/// The limit of the whole exchange with the mail server.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The reasons why no mail was sent.
#[derive(Debug, thiserror::Error)]
pub enum MailTestError {
    #[error("--to: {0}")]
    Recipient(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Letter(#[from] vault::Error),
    #[error("not sent to {to}, by {transport}: {response}")]
    NotSent {
        to: String,
        transport: Transport,
        response: String,
    },
    #[error("not sent to {to}, by {transport}: no answer within {} s", TIMEOUT.as_secs())]
    NoResponse { to: String, transport: Transport },
}

/// Sends the mail, and returns the mail server's response.
///
/// # Errors
/// The mistake in the settings, or the mail server's response.
pub async fn run(command: &MailTest) -> Result<String, MailTestError> {
    let to = text::email(&command.to).map_err(MailTestError::Recipient)?;
    let base_url = command.http.resolved_base_url(command.http.listen)?;
    let transport = command.mail.transport(&command.name.name, &base_url)?;
    let brand = Brand {
        name: command.name.name.clone().into(),
        ..Brand::KEYHOLD
    };
    let head = Letterhead {
        base_url: &base_url,
        brand: &brand,
    };
    let letter = Letter::test(head, &to)?;
    match timeout(TIMEOUT, transport.send(&letter, &Progress::default())).await {
        Ok(Ok(response)) => Ok(format!("{to}, by {transport}: {response}")),
        Ok(Err(fault)) => Err(MailTestError::NotSent {
            response: fault.response().to_owned(),
            to,
            transport,
        }),
        Err(_) => Err(MailTestError::NoResponse { to, transport }),
    }
}

//! `keyhold mail test`: one mail with the settings of `serve`. It needs no database, and so works beside a running
//! server and before the first start.

use std::time::Duration;

use tokio::time::timeout;
use vault::mail::Letter;
use vault::mail::transport::Progress;
use vault::text;

use crate::config::commands::MailTest;

/// The limit of the whole exchange with the mail server.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Sends the mail, and returns the mail server's response.
///
/// # Errors
/// A sentence: the mistake in the settings, or the mail server's response.
pub async fn run(command: &MailTest) -> Result<String, String> {
    let to = text::email(&command.to).map_err(|reason| format!("--to: {reason}"))?;
    let base_url = command.http.resolved_base_url(command.http.listen)?;
    let transport = command.mail.transport(&base_url)?;
    let letter = Letter::test(&base_url, &to).map_err(|error| error.to_string())?;
    match timeout(TIMEOUT, transport.send(&letter, &Progress::default())).await {
        Ok(Ok(response)) => Ok(format!("{to}, by {transport}: {response}")),
        Ok(Err(fault)) => Err(format!(
            "not sent to {to}, by {transport}: {}",
            fault.words()
        )),
        Err(_) => Err(format!(
            "not sent to {to}, by {transport}: no answer within {} s",
            TIMEOUT.as_secs()
        )),
    }
}

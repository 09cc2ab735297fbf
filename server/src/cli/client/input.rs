//! What a command asks the person in front of it, and what it reads from standard input.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stdin};

use super::error::ClientError;
use crate::config::client::Confirmed;

/// The most bytes of a credential. An Authorization header has less.
const CREDENTIAL: u64 = 8 * 1024;

/// Asks before something that cannot be undone or stops someone's work, unless the command line has the answer.
///
/// # Errors
/// [`ClientError::NobodyToAsk`], [`ClientError::Declined`].
pub fn confirm(confirmed: Confirmed, question: &str) -> Result<(), ClientError> {
    if confirmed.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(ClientError::NobodyToAsk);
    }
    // Standard error belongs to the log, which writes whole lines.
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|_| ClientError::NobodyToAsk)?;
    let mut answer = String::new();
    write!(terminal, "{question} [y/N] ")
        .and_then(|()| BufReader::new(terminal).read_line(&mut answer))
        .map_err(|_| ClientError::NobodyToAsk)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(ClientError::Declined),
    }
}

/// Reads a credential from standard input. A terminal is asked for it and does not show it.
///
/// # Errors
/// [`ClientError::Credential`].
pub fn credential() -> Result<String, ClientError> {
    let text = if stdin().is_terminal() {
        rpassword::prompt_password("Credential: ").map_err(ClientError::Credential)?
    } else {
        let mut text = String::new();
        stdin()
            .take(CREDENTIAL)
            .read_to_string(&mut text)
            .map_err(ClientError::Credential)?;
        text
    };
    Ok(text.trim().to_owned())
}

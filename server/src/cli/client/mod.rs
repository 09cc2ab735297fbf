//! The commands that call the management API of a running server: `keyhold account`, `key`, `portal`, `token` and `audit`.
//!
//! Standard output has data alone, secrets included: a table for people, or the JSON of the API. All else goes to standard error.
//! Arguments are checked by the API, whose rules and sentences are those of the pages.

mod access;
mod account;
mod audit;
mod error;
mod http;
mod input;
mod key;
mod portal;
mod table;
mod token;

use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::process::ExitCode;

use serde_json::Value;

pub use error::ClientError;
use http::{Api, Parameters};
use table::{Column, Table};

use crate::config::client::portal::PortalCommand;
use crate::config::client::{AccountCommand, AuditCommand, KeyCommand, Target, TokenCommand};
use crate::log;

/// A command that calls the management API.
pub enum ClientCommand {
    Account(Box<AccountCommand>),
    Key(Box<KeyCommand>),
    Portal(Box<PortalCommand>),
    Token(Box<TokenCommand>),
    Audit(Box<AuditCommand>),
}

/// Runs a command, which writes its data to `to`, the standard output.
///
/// # Errors
/// A [`ClientError`], with its exit code.
pub async fn run(command: ClientCommand, to: &mut dyn Write) -> Result<ExitCode, ClientError> {
    let outcome = match command {
        ClientCommand::Account(command) => account::run(*command, to).await,
        ClientCommand::Key(command) => key::run(*command, to).await,
        ClientCommand::Portal(command) => portal::run(*command, to).await,
        ClientCommand::Token(command) => token::run(*command, to).await,
        ClientCommand::Audit(command) => {
            let AuditCommand::Tail(tail) = *command;
            audit::tail(tail, to).await
        }
    };
    match outcome {
        // The reader has seen enough, as `head` has.
        Err(ClientError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        outcome => outcome,
    }
}

/// A command's connection to the API, and its output.
struct Session<'a> {
    api: Api,
    json: bool,
    to: &'a mut dyn Write,
}

type Outcome = Result<ExitCode, ClientError>;

impl<'a> Session<'a> {
    fn of(target: &Target, to: &'a mut dyn Write) -> Result<Self, ClientError> {
        Ok(Self {
            api: Api::of(target)?,
            json: target.json,
            to,
        })
    }

    /// Prints a list.
    async fn list(
        &mut self,
        path: &str,
        query: &Parameters<'_>,
        columns: &'static [Column],
    ) -> Outcome {
        let entries = self.api.list(path, query).await?;
        let text = if self.json {
            json(&Value::Array(entries))
        } else {
            let mut table = Table::new(columns, screen());
            let rows = table.rows(&entries);
            table.titles() + &rows
        };
        self.print(&text)
    }

    /// Prints a record.
    fn record(&mut self, record: &Value, lines: &[Column]) -> Outcome {
        let text = if self.json {
            json(record)
        } else {
            table::record(lines, record)
        };
        self.print(&text)
    }

    fn print(&mut self, text: &str) -> Outcome {
        self.to.write_all(text.as_bytes())?;
        self.to.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Tells people, on standard error, what no data says.
    fn note(&self, sentence: &str) {
        if !self.json {
            log::say(sentence);
        }
    }
}

fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Returns the width of the terminal that standard output is; none elsewhere.
fn screen() -> Option<usize> {
    let output = stdout();
    if !output.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(output).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

//! Errors of the commands that call the management API, and their exit codes.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use super::table::on_one_line;

/// The reasons why a command has not done what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "{url}: the token would travel in the clear, because plain http is for loopback only. Set KEYHOLD_URL to the https \
         address of the management API"
    )]
    PlainHttp { url: String },
    #[error(
        "{}: the operator's token cannot be read: {source}. Set KEYHOLD_TOKEN_FILE to its file, or start here where the server \
         was started", path.display()
    )]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("{}: this file holds no operator's token", path.display())]
    NoToken { path: PathBuf },
    #[error(
        "an argument holds a secret, which other users can see in the process list: replace that key or token. `keyhold key \
         verify` reads a credential from standard input"
    )]
    SecretInArgument,
    #[error("`keyhold key verify` reads the credential from standard input: give - or nothing")]
    CredentialInArgument,
    #[error("the credential cannot be read from standard input: {0}")]
    Credential(io::Error),
    #[error("give at least one flag that says what to change")]
    NothingToChange,
    #[error("--since: {0:?} is too long ago")]
    Since(String),
    #[error("give --yes: without a terminal no one can be asked")]
    NobodyToAsk,
    #[error("nothing was changed")]
    Declined,
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    #[error("{url} cannot be asked: {reason}")]
    Request { url: String, reason: String },
    #[error(
        "{server} cannot be reached: {reason}. Is the server running, and is KEYHOLD_URL its address?"
    )]
    Unreachable { server: String, reason: String },
    #[error(
        "{url} has not answered: {reason}. It is not known whether the change was made: look before you try again"
    )]
    Uncertain { url: String, reason: String },
    #[error("{url} has not answered: {reason}")]
    Lost { url: String, reason: String },
    #[error(
        "{server} answers {status} and is not the management API. Set KEYHOLD_URL to its address: the one of KEYHOLD_ADMIN_LISTEN, \
         if the server has that"
    )]
    Elsewhere { server: String, status: u16 },
    #[error("{url} answers {status}: the server cannot be reached there now. Try again later")]
    Away { url: String, status: u16 },
    #[error("{server} has refused the token in {}: {problem}", token_file.display())]
    TokenRefused {
        server: String,
        token_file: PathBuf,
        problem: Box<Problem>,
    },
    #[error(transparent)]
    Refused(Problem),
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl ClientError {
    /// Returns the exit code: 1 for what the caller can correct, 2 for the server's faults, 3 for what does not exist.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. }
            | Self::Uncertain { .. }
            | Self::Lost { .. }
            | Self::Elsewhere { .. }
            | Self::Away { .. } => 2,
            Self::Refused(problem) if problem.status >= 500 => 2,
            Self::Refused(problem) if problem.status == 404 => 3,
            _ => 1,
        }
    }
}

/// A refusal of the management API.
#[derive(Debug, Deserialize)]
pub struct Problem {
    pub status: u16,
    pub code: String,
    title: String,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(Debug, Deserialize)]
struct FieldProblem {
    pointer: String,
    detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, detail) = (on_one_line(&self.title), on_one_line(&self.detail));
        write!(f, "{title}: {detail}")?;
        for error in &self.errors {
            let flag = flag_of(&error.pointer);
            let flag = flag.unwrap_or_else(|| on_one_line(&error.pointer));
            write!(f, "\n  {flag}: {}", on_one_line(&error.detail))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The members of requests whose flags have the same names.
const NAMESAKES: [&str; 20] = [
    "account",
    "action",
    "actor",
    "description",
    "expires_before",
    "expiry",
    "external_id",
    "label",
    "metadata",
    "name",
    "page",
    "q",
    "reason",
    "return_url",
    "session_seconds",
    "since",
    "status",
    "time_zone",
    "unused_since",
    "warning_days",
];

/// Returns the flag that a JSON Pointer leads to; none for what is no flag.
fn flag_of(pointer: &str) -> Option<String> {
    let mut members = pointer.strip_prefix('/')?.split('/');
    let member = match (members.next()?, members.next()) {
        // An argument without a flag.
        ("account", Some("external_id")) => return Some("EXTERNAL_ID".to_owned()),
        ("actor", Some("external_id")) => "actor",
        ("account" | "actor", Some(inner)) => inner,
        (member, _) => member,
    };
    match member {
        "capabilities" => Some("--capability".to_owned()),
        "notice_emails" => Some("--notice-email".to_owned()),
        "owner" => Some("--account".to_owned()),
        "scopes" => Some("--scopes".to_owned()),
        member if NAMESAKES.contains(&member) => Some(format!("--{}", member.replace('_', "-"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::commands::CommandLine;

    #[test]
    fn a_problem_names_flags() -> Result<(), serde_json::Error> {
        let problem: Problem = serde_json::from_str(
            r#"{"status": 422, "code": "invalid", "title": "Not\u001b valid", "detail": "See.", "errors": [
                {"pointer": "/notice_emails/0", "code": "invalid", "detail": "No\naddress."},
                {"pointer": "/external_id", "code": "invalid", "detail": "Too long."},
                {"pointer": "/credential", "code": "invalid", "detail": "No."}]}"#,
        )?;
        assert_eq!(
            problem.to_string(),
            "Not\\u{1b} valid: See.\n  --notice-email: No\\naddress.\n  --external-id: Too long.\n  /credential: No."
        );
        Ok(())
    }

    /// Each flag that a problem can name exists.
    #[test]
    fn flags_of_problems_are_flags() {
        let command = CommandLine::command();
        let groups = ["account", "key", "portal", "token", "audit"];
        let commands = command
            .get_subcommands()
            .filter(|group| groups.contains(&group.get_name()))
            .flat_map(clap::Command::get_subcommands);
        let flags: Vec<_> = commands
            .flat_map(clap::Command::get_arguments)
            .filter_map(|arg| Some(format!("--{}", arg.get_long()?)))
            .collect();
        let others = [
            "notice_emails/3",
            "owner",
            "scopes/0",
            "account/name",
            "actor/external_id",
            "actor/label",
            "capabilities/1",
        ];
        for member in NAMESAKES.into_iter().chain(others) {
            let flag = flag_of(&format!("/{member}")).unwrap_or_default();
            assert!(flags.contains(&flag), "{member}: {flag}");
        }
        assert_eq!(flag_of("/limit"), None);
    }
}

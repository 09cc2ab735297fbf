//! The commands of `keyhold` and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::Config;
use super::brand::NameArgs;
use super::client::portal::PortalCommand;
use super::client::{AccountCommand, AuditCommand, KeyCommand, TokenCommand};
use super::files::{DatabaseArgs, Files};
use super::http::HttpArgs;
use super::mail::MailSettings;

/// API keys for your customers.
#[derive(Debug, Parser)]
#[command(name = "keyhold", version, disable_help_subcommand = true)]
pub struct CommandLine {
    /// The file with the settings, such as deploy/keyhold.toml. Flags and environment variables win over it.
    #[arg(long, env = "KEYHOLD_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the pages, the REST API and the verification endpoint.
    Serve(Box<Config>),
    /// Manage accounts, by the management API of a running server.
    #[command(subcommand)]
    Account(Box<AccountCommand>),
    /// Manage keys, by the management API of a running server.
    #[command(subcommand)]
    Key(Box<KeyCommand>),
    /// Make links that sign customers in, by the management API of a running server.
    #[command(subcommand)]
    Portal(PortalCommand),
    /// Manage the tokens of operators, by the management API of a running server.
    #[command(subcommand)]
    Token(Box<TokenCommand>),
    /// Read the audit trail, by the management API of a running server.
    #[command(subcommand)]
    Audit(Box<AuditCommand>),
    /// Look at the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check the settings, the clock, the database, the pepper, the mail server, the base URL, the company's sign-in page, the
    /// management API and the token for it, beside a running server. It changes nothing.
    Doctor(Box<Doctor>),
    /// Copy the database into one file, beside running servers or without one.
    Backup(Backup),
    /// Replace the database with a backup, and revoke what was revoked since. Every server must be stopped.
    Restore(Restore),
    /// Try the mail settings.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Move the database.
    #[command(subcommand)]
    Db(DbCommand),
    /// Fix the effects of a wrong clock.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// List the nodes on a PostgreSQL database: id, version, address, changes they lack, lease, and clock skew.
    Nodes(Nodes),
    /// Show which edition of the time zone data is in use, and where it comes from.
    TimeZones,
    /// Print the completions of a shell, on standard output: bash, elvish, fish, powershell or zsh.
    Completions(Completions),
    /// Print the man page of `keyhold`, or write one for each command.
    Man(Man),
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings of `serve` with their sources and without passwords, and check them as a start does.
    Check(Box<ConfigCheck>),
}

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send one email with the settings of `serve`, and print the mail server's response.
    Test(MailTest),
}

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Copy a database into an empty one, of SQLite or PostgreSQL, or continue such a copy. Servers of both must be stopped.
    Copy(DbCopy),
}

#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Follow the machine's clock again, after it ran ahead and was corrected. The server must be stopped.
    Accept(ClockAccept),
}

#[derive(Args, Debug)]
pub struct ConfigCheck {
    #[command(flatten)]
    pub config: Config,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    pub config: Config,

    /// The file with the operator's token that the other commands use. Default: KEYHOLD_OPERATOR_TOKEN_FILE, or operator-token
    /// beside the pepper.
    #[arg(long, env = "KEYHOLD_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Completions {
    /// The shell.
    pub shell: Shell,
}

#[derive(Args, Debug)]
pub struct Man {
    /// Write the pages as files into this folder, which is created where needed. Default: print the page of `keyhold`.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ClockAccept {
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Only report what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct DbCopy {
    /// The database to copy, as `sqlite://PATH` or `postgres://USER@HOST/DATABASE`.
    #[arg(long, value_name = "URL")]
    pub from: String,

    /// The empty database to copy it to. A missing file is created; a database of PostgreSQL must exist.
    #[arg(long, value_name = "URL")]
    pub to: String,
}

#[derive(Args, Debug)]
pub struct Nodes {
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Args, Debug)]
pub struct MailTest {
    /// The address to send the email to.
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,

    #[command(flatten)]
    pub name: NameArgs,

    #[command(flatten)]
    pub http: HttpArgs,

    #[command(flatten)]
    pub mail: MailSettings,
}

#[derive(Args, Debug)]
pub struct Backup {
    /// The file to write. An existing file is not overwritten.
    pub file: PathBuf,

    #[command(flatten)]
    pub files: Files,
}

#[derive(Args, Debug)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,

    /// Leave keys good that were deleted or expired after the backup.
    #[arg(long)]
    pub keep_revived: bool,

    /// Expire these keys too, by their access keys, comma-separated.
    #[arg(long, value_name = "ACCESS_KEYS", value_delimiter = ',')]
    pub expire: Vec<String>,

    /// Only report what would be done. This works beside a running server.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub files: Files,
}

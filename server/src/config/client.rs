//! The commands that are clients of the management API, and their arguments.
//!
//! Names of flags are those of the API's members where there is one: a problem's pointer then leads to its flag.

pub mod portal;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::MaybeAddress;
use super::http::base_url;

/// Where a server listens unless it is told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3000));

/// The server, and how its answers are printed.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// The server: https, except on loopback. Default: KEYHOLD_ADMIN_LISTEN or KEYHOLD_LISTEN, as the server on this machine has
    /// them.
    #[arg(long, env = "KEYHOLD_URL", hide_env_values = true, value_name = "URL", value_parser = base_url, help_heading = "Server")]
    pub url: Option<String>,

    /// The file with an operator's token. Default: KEYHOLD_OPERATOR_TOKEN_FILE, or operator-token beside the pepper.
    #[arg(
        long,
        env = "KEYHOLD_TOKEN_FILE",
        value_name = "FILE",
        help_heading = "Server"
    )]
    pub token_file: Option<PathBuf>,

    /// Print the JSON of the API.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub local: Local,
}

/// Settings of a server on this machine, which lead to it.
#[derive(Args, Clone, Debug)]
pub struct Local {
    #[arg(
        long,
        env = "KEYHOLD_LISTEN",
        default_value_t = LISTEN,
        hide = true
    )]
    pub listen: SocketAddr,

    #[arg(
        long,
        env = "KEYHOLD_ADMIN_LISTEN",
        default_value = "",
        hide_default_value = true,
        hide = true
    )]
    pub admin_listen: MaybeAddress,

    #[arg(
        long,
        env = "KEYHOLD_PEPPER_FILE",
        default_value = "data/pepper",
        hide = true
    )]
    pub pepper_file: PathBuf,

    #[arg(long, env = "KEYHOLD_OPERATOR_TOKEN_FILE", hide = true)]
    pub operator_token_file: Option<PathBuf>,
}

/// An account, in a command about it.
#[derive(Args, Clone, Debug)]
pub struct AccountArg {
    /// Its id, `acc_` and 32 hex digits, or else its external id. `ext:` before it always means the external id.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub account: String,
}

/// A key, in a command about it.
#[derive(Args, Clone, Debug)]
pub struct KeyArg {
    /// Its access key, `kh_…`.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub access_key: String,
}

/// The answer to the question that a command asks.
#[derive(Args, Clone, Copy, Debug)]
pub struct Confirmed {
    /// Do it without asking. Without a terminal to ask at, this is needed.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum AccountCommand {
    /// List accounts, the oldest first.
    List {
        /// Only those with this in their id, external id, name or address.
        #[arg(short, long, value_name = "TEXT")]
        q: Option<String>,
        /// Only those that are `active` or `suspended`.
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Show an account.
    Show {
        #[command(flatten)]
        account: AccountArg,
        #[command(flatten)]
        target: Target,
    },
    /// Create an account. It needs no address and no password, and has no key yet.
    Create {
        #[command(flatten)]
        fields: AccountFields,
        #[command(flatten)]
        target: Target,
    },
    /// Change an account. What is not given stays as it is.
    Edit {
        #[command(flatten)]
        account: AccountArg,
        #[command(flatten)]
        fields: AccountFields,
        #[command(flatten)]
        target: Target,
    },
    /// Suspend an account: its keys are refused at once, and its pages only read. Nothing is lost.
    Suspend {
        #[command(flatten)]
        account: AccountArg,
        /// Shown to the account's owner.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        confirmed: Confirmed,
        #[command(flatten)]
        target: Target,
    },
    /// Let a suspended account go on.
    Resume {
        #[command(flatten)]
        account: AccountArg,
        #[command(flatten)]
        target: Target,
    },
    /// End every session of an account, or those of one person, with links that were not used yet.
    EndSessions {
        #[command(flatten)]
        account: AccountArg,
        /// Only the portal sessions of this person, by your own id.
        #[arg(long, value_name = "ID")]
        actor: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Delete an account with all its keys, permanently.
    Delete {
        #[command(flatten)]
        account: AccountArg,
        #[command(flatten)]
        confirmed: Confirmed,
        #[command(flatten)]
        target: Target,
    },
}

/// What an operator sets of an account.
#[derive(Args, Clone, Debug)]
pub struct AccountFields {
    /// Your own id of the account, 1 to 200 visible ASCII characters. An empty one removes it.
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// At most 200 characters.
    #[arg(long)]
    pub name: Option<String>,
    /// Where notices go; repeat it for up to 5 addresses. An empty one removes all.
    #[arg(long, value_name = "ADDRESS")]
    pub notice_email: Vec<String>,
    /// Your own data about the account, a JSON object.
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub metadata: Option<Map<String, Value>>,
    /// An IANA name, as Europe/Berlin. A date without a time means the end of that day there.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// From how many days before its expiration a key is expiring soon, 1 to 90.
    #[arg(long, value_name = "DAYS")]
    pub warning_days: Option<i64>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// List keys, the oldest first.
    List {
        /// Only those of this account, by its id or external id.
        #[arg(long)]
        account: Option<String>,
        /// Only those that are `active`, `expiring_soon` or `expired`.
        #[arg(long)]
        status: Option<String>,
        /// Only those that expire before this instant, RFC 3339; expired ones too.
        #[arg(long, value_name = "INSTANT")]
        expires_before: Option<String>,
        /// Only those of which no call was accepted since this instant, RFC 3339.
        #[arg(long, value_name = "INSTANT")]
        unused_since: Option<String>,
        /// Only those with these words in their name, description or access key.
        #[arg(short, long, value_name = "WORDS")]
        q: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Show a key.
    Show {
        #[command(flatten)]
        key: KeyArg,
        #[command(flatten)]
        target: Target,
    },
    /// Create a key of an account. Its secret is printed, once.
    Create {
        #[command(flatten)]
        account: AccountArg,
        /// 1 to 80 characters.
        #[arg(long)]
        name: String,
        /// At most 500 characters.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// `never`, `90d`, a date (its end in the account's zone), a date and time there, or an instant in RFC 3339.
        #[arg(long)]
        expiry: String,
        /// Print only the credential, `access_key.secret_key`.
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Change a key. What is not given stays as it is.
    Edit {
        #[command(flatten)]
        key: KeyArg,
        /// 1 to 80 characters.
        #[arg(long)]
        name: Option<String>,
        /// At most 500 characters. An empty one removes it.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// As for a new key. A later one restores an expired key.
        #[arg(long)]
        expiry: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Expire a key now. It stays in the inventory, and can be restored.
    Expire {
        #[command(flatten)]
        key: KeyArg,
        /// 1 to 500 characters, which the account sees in the key's history and in the email.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Restore an expired key, or extend a good one.
    Restore {
        #[command(flatten)]
        key: KeyArg,
        /// As for a new key; later than the present expiration.
        #[arg(long)]
        expiry: String,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a key, permanently.
    Delete {
        #[command(flatten)]
        key: KeyArg,
        #[command(flatten)]
        confirmed: Confirmed,
        #[command(flatten)]
        target: Target,
    },
    /// Say whether a credential is good, as /verify does. It counts as a call of the key. The exit code is 1 for one that is not.
    ///
    /// The credential, `access_key.secret_key` or the value of an Authorization header, is read from standard input; a terminal asks
    /// for it and does not show it. It is no argument, because arguments are visible in the process list.
    Verify {
        /// `-`: standard input, which is also the default.
        #[arg(value_name = "-")]
        from: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// List the operators' tokens that were not revoked, the oldest first.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Create a token. It is printed, once.
    Create {
        /// 1 to 80 characters.
        #[arg(long)]
        name: String,
        /// Comma-separated, or repeated: accounts:read, accounts:write, keys:read, keys:write, portal:create, audit:read, tokens:write.
        /// Only those that your own token has.
        #[arg(
            long = "scopes",
            value_name = "SCOPES",
            value_delimiter = ',',
            required = true
        )]
        scopes: Vec<String>,
        /// As for keys, at most 366 days ahead; dates end in UTC.
        #[arg(long)]
        expiry: String,
        /// Print only the token.
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a token, at once. It may be your own.
    Revoke {
        /// Its id, `tok_…`.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        id: String,
        #[command(flatten)]
        confirmed: Confirmed,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Print the audit trail, and each new entry until interrupted.
    Tail(Tail),
}

#[derive(Args, Clone, Debug)]
pub struct Tail {
    /// From when on: an instant in RFC 3339, or how long ago, as 90s, 15m, 1h or 7d.
    #[arg(long, default_value = "1h", value_name = "INSTANT")]
    pub since: String,
    /// Only entries about this account, by its id or external id.
    #[arg(long)]
    pub account: Option<String>,
    /// Only those of `account`, `token`, `system` or one token, by its id.
    #[arg(long)]
    pub actor: Option<String>,
    /// Only those of an action, as key.expired.
    #[arg(long)]
    pub action: Option<String>,
    /// Print what there is, and end.
    #[arg(long, alias = "once")]
    pub no_follow: bool,
    #[command(flatten)]
    pub target: Target,
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

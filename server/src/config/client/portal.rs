//! `keyhold portal`: links that sign a browser in to an account.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::{Target, object};

#[derive(Clone, Debug, Subcommand)]
pub enum PortalCommand {
    /// Print a link that signs one browser in to an account, once, within five minutes.
    ///
    /// The account is created if no account has this external id.
    Link(Box<PortalLink>),
}

#[derive(Args, Clone, Debug)]
pub struct PortalLink {
    /// Your own id of the account.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub external_id: String,

    /// The account's name, at most 200 characters.
    #[arg(long)]
    pub name: Option<String>,
    /// Where the account's notices go; repeat it for up to 5 addresses. An empty one removes all.
    #[arg(long, value_name = "ADDRESS")]
    pub notice_email: Vec<String>,
    /// The account's zone, an IANA name, as Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Your own data about the account, a JSON object.
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub metadata: Option<Map<String, Value>>,

    /// The person who uses the link, as the account's history names them. Default: no person.
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Your own id of that person, by which their sessions can be ended.
    #[arg(long, value_name = "ID", default_value = "cli", requires = "label")]
    pub actor: String,
    /// What the session may do, comma-separated or repeated: keys.read, keys.create, keys.edit, keys.expire, keys.delete, notices.
    /// Default: all of it.
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    pub capability: Vec<String>,
    /// How long the session lasts, 300 to 86400 seconds from now. Default: 3600.
    #[arg(long, value_name = "SECONDS")]
    pub session_seconds: Option<i64>,
    /// The page to open. Default: /preferences/api-control.
    #[arg(long, value_name = "PATH")]
    pub page: Option<String>,
    /// Where the way back leads, on one of KEYHOLD_RETURN_HOSTS. Default: no way back.
    #[arg(long, value_name = "URL")]
    pub return_url: Option<String>,

    #[command(flatten)]
    pub target: Target,
}

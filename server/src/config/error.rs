//! Errors of the configuration, as the operator reads them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::brand::PictureError;

/// The reasons why the text of a flag or a variable cannot be parsed. clap names the flag or the variable.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    #[error("{0:?} is not an address such as 127.0.0.1:9090")]
    Address(String),
    #[error("{0:?} is not a network such as 10.0.0.0/8, nor an address")]
    Network(String),
    #[error(
        "{0:?} covers every address, so any client could claim any address and escape the limits; name the networks of \
         your proxies"
    )]
    EveryAddress(String),
    #[error("not a URL: {0}")]
    Url(#[from] url::ParseError),
    #[error("it must be http:// or https:// with a host and no path")]
    Origin,
    #[error(
        "it must be http:// or https:// with a host, and with a path of letters, digits and -._~% at most: no query and no \
         fragment"
    )]
    ApiUrl,
    #[error("plain http is for loopback addresses only, because keys would travel in the clear")]
    PlainApi,
    #[error("it must be http:// or https:// with a host, and hold no password")]
    Web,
    #[error(
        "it must be https:// with a host, without a password, a fragment or the parameter return_to, which Keyhold adds"
    )]
    SignIn,
    #[error("plain http is for loopback addresses only, because people sign in there")]
    PlainSignIn,
    #[error("{0:?} is not a colour such as #0a7d4f")]
    Accent(String),
    #[error("it must be one line of visible characters")]
    BrandName,
    #[error("it must be text without control characters")]
    MailFooter,
    #[error("it must have at most {0} characters")]
    TooLong(usize),
    /// A sentence of the vault's about an address.
    #[error("{0}")]
    Email(String),
}

/// The reasons why Keyhold cannot run with its settings. Each names the setting, and none repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "KEYHOLD_BASE_URL is {url}: plain http is for loopback addresses only, because the session cookie would travel in \
         the clear. Set it to the https address that browsers use."
    )]
    PlainHttp { url: String },
    #[error(
        "{first} is {other} and {second} is {address}, which is one address: give each listener a port of its own"
    )]
    SameAddress {
        first: &'static str,
        other: SocketAddr,
        second: &'static str,
        address: SocketAddr,
    },
    #[error(
        "KEYHOLD_SIGN_IN_URL is {url}, which is Keyhold itself: set it to the page of your own app that signs in. Without it, \
         people sign in at Keyhold."
    )]
    SignInHere { url: String },
    #[error(
        "--demo has a published password and so listens on loopback only, not on {bound} as {url}."
    )]
    PublicDemo { bound: SocketAddr, url: String },
    #[error(
        "the site's files are not in {folders}: build them with `make build`, or set KEYHOLD_SITE_ROOT"
    )]
    SiteFiles { folders: String },
    /// The folder of the executable, where the site's files are looked for, is unknown.
    #[error(transparent)]
    Executable(io::Error),
    #[error(
        "KEYHOLD_SMTP_URL is not set, so no notice of an expiring key could be sent: without a mail server Keyhold runs on \
         loopback only, not at {base_url}. Set it to smtp://host or smtps://user:password@host."
    )]
    NoMailServer { base_url: String },
    /// A sentence of the vault about `KEYHOLD_SMTP_URL`, or about the TLS that it requires.
    #[error("{0}")]
    MailServer(String),
    #[error("KEYHOLD_MAIL_FROM: {0}")]
    Sender(String),
    #[error("KEYHOLD_MAIL_FROM is not set, and {address} is not a valid address: set it")]
    NoSender { address: String },
    #[error("{setting}: {} {reason}", path.display())]
    Picture {
        setting: &'static str,
        path: PathBuf,
        reason: PictureError,
    },
    #[error(
        "KEYHOLD_LOGO_DARK_FILE is set without KEYHOLD_LOGO_FILE, the logo on light ground: set both"
    )]
    DarkLogoAlone,
}

/// A mistake in the configuration file.
#[derive(Debug)]
pub struct FileError {
    pub path: PathBuf,
    /// From 1.
    pub line: Option<usize>,
    pub mistake: Mistake,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.mistake)
    }
}

impl std::error::Error for FileError {}

/// The kinds of mistakes in the configuration file. None repeats a value that may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    #[error("the configuration file cannot be read: {0}")]
    Read(io::Error),
    #[error("{0}")]
    Syntax(String),
    #[error("{key} is not a setting{suggestion}")]
    Unknown { key: String, suggestion: String },
    #[error("{key} must be {wanted}")]
    Type { key: String, wanted: &'static str },
    #[error("{key}: {reason}")]
    Value { key: String, reason: String },
    #[error(
        "{key} holds a password, and every user of this machine can access the file (mode {mode:04o}): chmod 600, or 640 \
         for a group"
    )]
    Exposed { key: String, mode: u32 },
}

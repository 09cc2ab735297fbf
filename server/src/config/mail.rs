//! The settings for outgoing mail, which `serve` and `mail test` share.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use vault::brand::NAME;
use vault::mail::transport::Transport;
use vault::mail::{Sender, SmtpUrl, domain};

use super::error::ConfigError;
use super::http::is_loopback_url;

/// The folder of mails that are kept as files, relative to the working directory.
const FOLDER: &str = "data/mail";

#[derive(Args, Clone, Debug)]
pub struct MailSettings {
    /// The mail server: smtp:// or smtps://, with user:password@ where it requires a login. Default: emails
    /// are files in data/mail, on loopback only.
    #[arg(
        long,
        env = "KEYHOLD_SMTP_URL",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_name = "URL"
    )]
    pub smtp_url: RawSmtpUrl,

    /// The From address of emails: an address, or "Acme <keys@example.com>". Default: the name, with an address at the host
    /// of the base URL.
    #[arg(
        long,
        env = "KEYHOLD_MAIL_FROM",
        default_value = "",
        hide_default_value = true,
        value_name = "SENDER"
    )]
    pub mail_from: String,
}

/// The URL of the mail server, kept unparsed so that clap cannot print the password in an error.
#[derive(Clone)]
pub struct RawSmtpUrl(String);

impl FromStr for RawSmtpUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for RawSmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "hidden" })
    }
}

impl MailSettings {
    /// Returns the transport for the mails of the company `name`, whose pages are at `base_url`.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting, without the password.
    pub fn transport(&self, name: &str, base_url: &str) -> Result<Transport, ConfigError> {
        let domain = domain(base_url);
        let from = self.sender(name, &domain)?;
        if self.smtp_url.0.is_empty() {
            if !is_loopback_url(base_url) {
                return Err(ConfigError::NoMailServer {
                    base_url: base_url.to_owned(),
                });
            }
            return Ok(Transport::folder(PathBuf::from(FOLDER), from, &domain));
        }
        let url: SmtpUrl = self.smtp_url.0.parse().map_err(ConfigError::MailServer)?;
        if url.exposes_password() {
            tracing::warn!(
                "KEYHOLD_SMTP_URL: the password for {url} can be read in transit, because of ?tls="
            );
        }
        Transport::smtp(&url, from, &domain).map_err(ConfigError::MailServer)
    }

    fn sender(&self, name: &str, domain: &str) -> Result<Sender, ConfigError> {
        if !self.mail_from.trim().is_empty() {
            return self.mail_from.parse().map_err(ConfigError::Sender);
        }
        // A Message-ID may hold an IP address in brackets, but replies to such an address would be rejected.
        let host = if domain.starts_with('[') {
            "localhost"
        } else {
            domain
        };
        let mailbox = if name == NAME { "keyhold" } else { "no-reply" };
        let address = format!("{mailbox}@{host}");
        Sender::named(name, &address).map_err(|_| ConfigError::NoSender { address })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use clap::Parser;

    use super::*;

    const PUBLIC: &str = "https://keys.example.com";
    const LOCAL: &str = "http://127.0.0.1:3000";

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        mail: MailSettings,
    }

    fn settings(arguments: &[&str]) -> Result<MailSettings, clap::Error> {
        Line::try_parse_from([&["keyhold"], arguments].concat()).map(|line| line.mail)
    }

    fn transport(arguments: &[&str], base_url: &str) -> Result<Transport, Box<dyn Error>> {
        Ok(settings(arguments)?.transport(NAME, base_url)?)
    }

    /// Returns the error of a start, or the description of the transport.
    fn outcome(arguments: &[&str], base_url: &str) -> String {
        match transport(arguments, base_url) {
            Ok(transport) => transport.to_string(),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn mails_go_to_files_on_loopback_only() {
        for arguments in [&[][..], &["--smtp-url", ""], &["--smtp-url", " "]] {
            assert_eq!(
                outcome(arguments, LOCAL),
                "the folder data/mail, from Keyhold <keyhold@localhost>"
            );
            assert_eq!(
                outcome(arguments, "http://keyhold.localhost:3000"),
                "the folder data/mail, from Keyhold <keyhold@keyhold.localhost>"
            );
            let sentence = outcome(arguments, PUBLIC);
            assert!(
                sentence.starts_with("refused: KEYHOLD_SMTP_URL is not set"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_mail_server_serves_any_base_url() {
        let smtp = &["--smtp-url", "smtp://mail.example.com"];
        assert_eq!(
            outcome(smtp, PUBLIC),
            "smtp://mail.example.com:25, from Keyhold <keyhold@keys.example.com>"
        );
        assert_eq!(
            outcome(smtp, LOCAL),
            "smtp://mail.example.com:25, from Keyhold <keyhold@localhost>"
        );
        let from = [smtp, &["--mail-from", "Keys <keys@example.com>"][..]].concat();
        assert_eq!(
            outcome(&from, PUBLIC),
            "smtp://mail.example.com:25, from Keys <keys@example.com>"
        );
        let bare = [smtp, &["--mail-from", "keys@example.com"][..]].concat();
        assert_eq!(
            outcome(&bare, PUBLIC),
            "smtp://mail.example.com:25, from keys@example.com"
        );
        let empty = [smtp, &["--mail-from", ""][..]].concat();
        assert_eq!(outcome(&empty, PUBLIC), outcome(smtp, PUBLIC));
    }

    #[test]
    fn a_bad_value_is_named_and_no_password_repeated() -> Result<(), Box<dyn Error>> {
        for (arguments, name) in [
            (
                ["--smtp-url", "smtp://u:hunter22/@host"],
                "KEYHOLD_SMTP_URL",
            ),
            (["--smtp-url", "hunter22"], "KEYHOLD_SMTP_URL"),
            (["--mail-from", "not-an-address"], "KEYHOLD_MAIL_FROM"),
        ] {
            let sentence = outcome(&arguments, LOCAL);
            assert!(
                sentence.starts_with("refused: ") && sentence.contains(name),
                "{sentence}"
            );
            assert!(!sentence.contains("hunter"), "{sentence}");
        }
        let settings = settings(&["--smtp-url", "smtps://u:hunter22@mail.example.com"])?;
        let shown = format!("{settings:?} {}", settings.transport(NAME, PUBLIC)?);
        assert!(
            !shown.contains("hunter") && !shown.contains("u:"),
            "{shown}"
        );
        Ok(())
    }
}

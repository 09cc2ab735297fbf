//! Mail: what is said in it ([`compose`]) and how it leaves ([`transport`]). When one is due, and whether it
//! has left, is the postman's to know; nothing here remembers anything.

pub mod compose;
mod digest;
mod folder;
mod message;
mod page;
mod sender;
mod smtp;
mod smtp_url;
pub mod transport;

pub use sender::Sender;
pub use smtp_url::SmtpUrl;

use shared::validation::is_forbidden;
use url::{Host, Url};

use crate::crypto::random;
use crate::error::Result;
use crate::time::clock::{Clock, SystemClock};

/// One mail, ready to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The id of its row in the outbox. The Message-ID is `<id@domain>`, at every attempt the same.
    pub id: String,
    /// When there was a reason to send it, UTC epoch milliseconds.
    pub created_at: i64,
    /// An e-mail address, without a name.
    pub to: String,
    pub content: Content,
}

impl Letter {
    /// A mail that tries the settings of a Keyhold at `base_url`. It is in no outbox.
    pub fn test(base_url: &str, to: &str) -> Result<Self> {
        Ok(Self {
            id: random::id("test_")?,
            created_at: SystemClock::default().now(),
            to: to.to_owned(),
            content: compose::test_mail(base_url),
        })
    }
}

/// What a mail says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// Lines ending in LF.
    pub text: String,
    pub html: String,
    pub unsubscribe: Option<Unsubscribe>,
}

/// How a recipient puts an end to mails like this one (RFC 2369).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unsubscribe {
    /// On a page.
    Page(String),
    /// By a POST that the mail program makes for its user, to this address (RFC 8058).
    OneClick(String),
}

/// What stands after the @ of a Message-ID, and what a mail server is greeted with: the host of the base URL,
/// an IP address in brackets (RFC 5321, section 4.1.3).
pub fn domain(base_url: &str) -> String {
    let url = Url::parse(base_url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_owned(),
    }
}

/// Returns text as one line: characters that break a line, control a terminal or reorder the text around them become a
/// space. Names are validated on input, but a header must be safe with any stored name.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|char: char| char.is_whitespace() || is_forbidden(char))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first `limit` characters, the last of them "…" where there were more.
fn at_most(limit: usize, text: &str) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_has_a_domain_whatever_the_base_url() {
        for (base_url, expected) in [
            ("https://keys.example.com", "keys.example.com"),
            ("https://keys.example.com:8443", "keys.example.com"),
            ("http://localhost:3000", "localhost"),
            ("http://127.0.0.1:3000", "[127.0.0.1]"),
            ("http://[::1]:3000", "[IPv6:::1]"),
            ("", "localhost"),
        ] {
            assert_eq!(domain(base_url), expected, "{base_url:?}");
        }
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(
            one_line("a\r\nBcc: b\u{0}\u{7f}\u{85}\u{2028}\u{202e}c  d\t"),
            "a Bcc: b c d"
        );
        assert_eq!(
            one_line("naïve 🗝 \u{5de}\u{5e4}\u{5ea}\u{5d7}"),
            "naïve 🗝 \u{5de}\u{5e4}\u{5ea}\u{5d7}"
        );
        assert_eq!(at_most(5, "12345"), "12345");
        assert_eq!(at_most(5, "123 56"), "123…");
    }
}

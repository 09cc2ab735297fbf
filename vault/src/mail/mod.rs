//! Mails: their content ([`compose`]) and their transport ([`transport`]). The mailer tracks when one is due and
//! whether it was sent; this module keeps no state.

pub mod compose;
mod digest;
mod folder;
mod letter;
mod letterhead;
mod message;
mod page;
mod send_error;
mod sender;
mod smtp;
mod smtp_url;
pub mod transport;

pub(crate) use letter::one_line;
pub use letter::{Content, Letter, Unsubscribe};
pub use letterhead::Letterhead;
pub use sender::Sender;
pub use smtp_url::SmtpUrl;

use url::{Host, Url};

use crate::crypto::random;
use crate::error::Result;
use crate::time::clock::{Clock, SystemClock};

impl Letter {
    /// Returns a mail that tests the settings. It is in no outbox.
    pub fn test(head: Letterhead<'_>, to: &str) -> Result<Self> {
        Ok(Self {
            id: random::id("test_")?,
            created_at: SystemClock::default().now(),
            to: to.to_owned(),
            content: compose::test_mail(head),
        })
    }
}

/// Returns the domain of Message-IDs and of the SMTP greeting: the host of the base URL, an IP address in brackets (RFC
/// 5321, section 4.1.3).
pub fn domain(base_url: &str) -> String {
    let url = Url::parse(base_url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_owned(),
    }
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
}

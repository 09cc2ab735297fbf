//! The `From` address of outgoing mail.

use std::fmt;
use std::str::FromStr;

use lettre::Address;
use lettre::message::Mailbox;

use super::letter::one_line;

/// `Keyhold <keyhold@example.com>`, or a bare address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender(Mailbox);

impl Sender {
    /// Returns the sender with a name, which may have any visible characters.
    ///
    /// # Errors
    /// A sentence about the address.
    pub fn named(name: &str, address: &str) -> Result<Self, String> {
        let Self(mailbox) = address.parse()?;
        Ok(Self(Mailbox::new(Some(one_line(name)), mailbox.email)))
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.0
    }

    pub(super) fn address(&self) -> &Address {
        &self.0.email
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            "it must be an address, or a name and an address: Keyhold <keyhold@example.com>"
                .to_owned()
        };
        // The parser follows RFC 5322, which allows line breaks in names.
        if text.chars().any(char::is_control) {
            return Err(refused());
        }
        // Readers decode encoded words (RFC 2047), within quotes too.
        if text.contains("=?") {
            return Err("the name must not be encoded: write it without =?".to_owned());
        }
        let mailbox: Mailbox = text.trim().parse().map_err(|_| refused())?;
        // Beyond ASCII a mail server needs an extension (RFC 6531) that not every server has.
        if mailbox.email.user().is_ascii() && mailbox.email.domain().is_ascii() {
            Ok(Self(mailbox))
        } else {
            Err("the address must be ASCII; write its domain in the xn-- form".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, expected) in [
            ("keyhold@example.com", "keyhold@example.com"),
            (
                " Keyhold <keyhold@example.com> ",
                "Keyhold <keyhold@example.com>",
            ),
            (
                "\"Keys, Inc.\" <keys@example.com>",
                "\"Keys, Inc.\" <keys@example.com>",
            ),
            ("Schlüssel <keys@localhost>", "Schlüssel <keys@localhost>"),
        ] {
            assert_eq!(text.parse::<Sender>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "Keyhold",
            "keyhold@",
            "<>",
            "a@example.com, b@example.com",
            "a@exämple.com",
            "Keyhold\r\nBcc: b@example.com <a@example.com>",
            "Keyhold <a@example.com>\r\nBcc: b@example.com",
            "\"=?utf-8?q?Bank?=\" <a@example.com>",
        ] {
            assert!(text.parse::<Sender>().is_err(), "{text:?}");
        }
    }
}

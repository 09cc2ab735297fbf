//! One mail, and the text that fits into its lines.

use shared::validation::is_forbidden;

/// One mail, ready to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The id of its row in the outbox. The Message-ID is `<id@domain>`, the same at every attempt.
    pub id: String,
    /// When the mail was created, UTC epoch milliseconds.
    pub created_at: i64,
    /// An email address, without a name.
    pub to: String,
    pub content: Content,
}

/// The content of a mail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// Lines ending in LF.
    pub text: String,
    pub html: String,
    pub unsubscribe: Option<Unsubscribe>,
}

/// The way to unsubscribe from mails like this one (RFC 2369).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unsubscribe {
    /// On a page.
    Page(String),
    /// By a POST that the mail program makes to this address (RFC 8058).
    OneClick(String),
}

/// Returns text as one line: characters that break a line, control a terminal or reorder the text around them become a
/// space. Names are validated on input, but a header must be safe with any stored name.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|char: char| char.is_whitespace() || is_forbidden(char))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the first `limit` characters, the last of them "…" if there were more.
pub(super) fn at_most(limit: usize, text: &str) -> String {
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

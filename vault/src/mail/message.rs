//! A letter as an internet message: the headers, and both forms of its content.

use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, Message};

use super::Sender;
use super::letter::{Letter, Unsubscribe, one_line};
use super::send_error::SendError;

/// Bytes of text in an encoded word: a line that has one is 76 characters at most, with the header's name.
const ENCODED: usize = 39;

/// Returns a letter with its headers. `sent_at` is its date: each attempt composes the mail again, from what is true
/// then, and "in 3 days" must be read together with the day of the attempt.
///
/// # Errors
/// Permanent: a retry fails too.
pub fn message(
    letter: &Letter,
    from: &Sender,
    domain: &str,
    sent_at: SystemTime,
) -> Result<Message, SendError> {
    let to = recipient(&letter.to)?;
    let id = plain(&letter.id);
    let builder = Message::builder()
        .from(from.mailbox().clone())
        .to(to.into());
    let subject = one_line(&letter.content.subject);
    let mut builder = if subject.contains("=?") {
        builder.raw_header(encoded_subject(&subject))
    } else {
        builder.subject(subject)
    };
    for header in unsubscribe(letter.content.unsubscribe.as_ref()) {
        builder = builder.raw_header(header);
    }
    builder
        .date(sent_at)
        .message_id(Some(format!("<{id}@{domain}>")))
        // RFC 3834: automatic responders do not reply to this.
        .raw_header(fixed("Auto-Submitted", "auto-generated"))
        // The same for Exchange, which honours the header above for out-of-office notes only since 2013.
        .raw_header(fixed("X-Auto-Response-Suppress", "OOF, AutoReply"))
        .multipart(
            MultiPart::builder()
                .kind(MultiPartKind::Alternative)
                // Not random, so that two attempts with the same content are the same bytes.
                .boundary(format!("part-{id}"))
                .singlepart(
                    SinglePart::builder()
                        .header(ContentType::TEXT_PLAIN)
                        .body(text_body(&letter.content.text)),
                )
                .singlepart(SinglePart::html(letter.content.html.clone())),
        )
        .map_err(|error| SendError::permanent(&error.to_string()))
}

/// Returns the recipient as a mail server accepts it.
///
/// # Errors
/// Permanent: it is not an address.
pub fn recipient(to: &str) -> Result<Address, SendError> {
    to.parse()
        .ok()
        .filter(|_| to.is_ascii() && !to.chars().any(char::is_control))
        .ok_or_else(|| SendError::permanent("email cannot be sent to this address"))
}

/// Returns the text unencoded wherever RFC 5322, section 2.1.1, allows it. lettre would encode each text with a line of
/// more than 76 characters, and so break the links in the files that a developer reads.
fn text_body(text: &str) -> Body {
    let is_plain = text
        .lines()
        .all(|line| line.len() <= 998 && line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    if is_plain {
        let lines: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

fn unsubscribe(unsubscribe: Option<&Unsubscribe>) -> Vec<HeaderValue> {
    match unsubscribe {
        None => Vec::new(),
        Some(Unsubscribe::Page(address)) => {
            vec![fixed("List-Unsubscribe", &format!("<{address}>"))]
        }
        Some(Unsubscribe::OneClick(address)) => vec![
            fixed("List-Unsubscribe", &format!("<{address}>")),
            fixed("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ],
    }
}

/// Returns a subject as encoded words (RFC 2047) throughout. A name in it may look like such a word, and a mail program
/// would decode it to a different name.
fn encoded_subject(subject: &str) -> HeaderValue {
    let mut words = vec![String::new()];
    for character in subject.chars() {
        let full = words
            .last()
            .is_some_and(|word| word.len() + character.len_utf8() > ENCODED);
        if full {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word)))
        .collect();
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str("Subject"),
        subject.to_owned(),
        words.join("\r\n "),
    )
}

fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Returns an id without characters that mean something in a header. Generated ids are letters, digits and underscores.
fn plain(id: &str) -> String {
    id.chars()
        .filter(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'))
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::Duration;

    use super::super::Content;
    use super::*;

    fn letter(to: &str, subject: &str) -> Letter {
        Letter {
            id: "mail_00ff".to_owned(),
            created_at: 0,
            to: to.to_owned(),
            content: Content {
                unsubscribe: None,
                subject: subject.to_owned(),
                text: "One line.\nAnother: naïve.\n".to_owned(),
                html: "<p>One line.</p>".to_owned(),
            },
        }
    }

    fn sent(letter: &Letter, from: &str) -> Result<String, SendError> {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_435_200_123);
        message(letter, &from.parse().unwrap(), "keys.example.com", at)
            .map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_message_has_these_headers_and_both_parts() {
        let sent = sent(
            &letter("a@example.com", "1 API key has expired: billing-cron"),
            "Keyhold <keyhold@example.com>",
        )
        .unwrap();
        assert!(sent.lines().all(|line| line.len() <= 76), "{sent}");
        insta::assert_snapshot!(sent.replace('\r', ""), @r#"
        From: Keyhold <keyhold@example.com>
        To: a@example.com
        Subject: 1 API key has expired: billing-cron
        Date: Mon, 23 Nov 2026 12:00:00 +0000
        Message-ID: <mail_00ff@keys.example.com>
        Auto-Submitted: auto-generated
        X-Auto-Response-Suppress: OOF, AutoReply
        MIME-Version: 1.0
        Content-Type: multipart/alternative; boundary="part-mail_00ff"

        --part-mail_00ff
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        One line.
        Another: na=C3=AFve.

        --part-mail_00ff
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: 7bit

        <p>One line.</p>
        --part-mail_00ff--
        "#);
    }

    /// D7: neither a name nor an address adds a header or a recipient.
    #[test]
    fn names_and_addresses_add_no_header() {
        let hostile = letter(
            "a@example.com",
            "expired: x\r\nBcc: evil@example.com\r\n\r\n<script>\u{202e}\u{0}",
        );
        let sent = sent(&hostile, "\"Key, \\\"hold\\\"\" <keyhold@example.com>").unwrap();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("\r\nSubject: expired: x Bcc: evil@example.com <script>\r\n"),
            "{head}"
        );
        assert!(!head.contains("\nBcc"), "{head}");
        assert_eq!(head.matches("\r\n").count(), head.matches('\n').count());

        for address in [
            "",
            "a",
            "@",
            "a@b@c",
            "a@example.com\r\nBcc: evil@example.com",
            "a@example.com\r\nRCPT TO:<evil@example.com>",
            "\"a\r\n b\"@example.com",
            "\"a\nb\"@example.com",
            "a@example.com, evil@example.com",
            "a@example.com>\r\n",
            "<a@example.com>",
            "ä@example.com",
        ] {
            let refused = message(
                &letter(address, "s"),
                &"k@example.com".parse().unwrap(),
                "localhost",
                SystemTime::UNIX_EPOCH,
            );
            assert!(
                matches!(refused, Err(SendError::Permanent(_))),
                "{address:?}"
            );
        }
    }

    /// A link can be copied from the file.
    #[test]
    fn an_ascii_text_is_sent_unencoded() {
        let mut letter = letter("a@example.com", "s");
        let link = format!("https://keys.example.com/confirm?token={}", "f".repeat(80));
        letter.content.text = format!("Confirm:\n{link}\n\n.\n");
        let whole = sent(&letter, "k@example.com").unwrap();
        assert!(
            whole.contains(&format!("7bit\r\n\r\nConfirm:\r\n{link}\r\n\r\n.\r\n")),
            "{whole}"
        );
        for other in ["naïve", "bell \u{7}", &"x".repeat(999)] {
            letter.content.text = format!("{link} {other}\n");
            let whole = sent(&letter, "k@example.com").unwrap();
            assert!(!whole.contains(&link), "{whole}");
            assert!(whole.lines().all(|line| line.len() <= 78), "{whole}");
        }
    }

    #[test]
    fn a_long_subject_is_folded_and_comes_back_whole() {
        let name = "Schlüssel 🗝 ".repeat(12);
        let sent = sent(
            &letter("a@example.com", name.trim()),
            "Schlüsselbund <k@example.com>",
        )
        .unwrap();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.is_ascii());
        assert!(head.split("\r\n").all(|line| line.len() <= 78), "{head}");
    }

    /// A name that looks like an encoded word (RFC 2047) is shown as it is.
    #[test]
    fn a_name_is_not_decoded() {
        for name in [
            "=?utf-8?q?prod?=",
            "x =?utf-8?B?cHJvZA==?= y",
            "Schlüssel =?utf-8?q?=E2=80=AE?= 🗝",
            &"=?utf-8?q?a?= ".repeat(12),
        ] {
            let subject = format!("1 API key has expired: {}", name.trim());
            let sent = sent(&letter("a@example.com", &subject), "k@example.com").unwrap();
            assert!(!sent.contains("?q?"), "{sent}");
            assert!(sent.split("\r\n").all(|line| line.len() <= 78), "{sent}");
            let parsed = mail_parser::MessageParser::default();
            let parsed = parsed.parse(sent.as_bytes()).unwrap();
            assert_eq!(parsed.subject(), Some(subject.as_str()));
        }
    }

    #[test]
    fn a_notice_says_how_to_end_it() {
        let mut letter = letter("a@example.com", "s");
        let plain = sent(&letter, "k@example.com").unwrap();
        assert!(!plain.contains("List-"), "{plain}");
        let address = "https://keys.example.com/preferences/notices".to_owned();
        letter.content.unsubscribe = Some(Unsubscribe::Page(address));
        let page = sent(&letter, "k@example.com").unwrap();
        assert!(
            page.contains(
                "\r\nList-Unsubscribe: <https://keys.example.com/preferences/notices>\r\n"
            ),
            "{page}"
        );
        assert!(!page.contains("List-Unsubscribe-Post"), "{page}");
        let address = format!(
            "https://keys.example.com/unsubscribe?token={}",
            "f".repeat(90)
        );
        letter.content.unsubscribe = Some(Unsubscribe::OneClick(address.clone()));
        let click = sent(&letter, "k@example.com").unwrap();
        assert!(
            click.contains(&format!("\r\nList-Unsubscribe: <{address}>\r\n")),
            "{click}"
        );
        assert!(
            click.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"),
            "{click}"
        );
    }

    #[test]
    fn an_id_cannot_leave_its_header() {
        let mut letter = letter("a@example.com", "s");
        letter.id = "x>\r\nBcc: e@example.com\"".to_owned();
        let sent = sent(&letter, "k@example.com").unwrap();
        assert!(
            sent.contains("\r\nMessage-ID: <xBcceexamplecom@keys.example.com>\r\n"),
            "{sent}"
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_126),
            failure_persistence: None,
            ..Default::default()
        })]

        /// Every address that sign-up accepts can be sent mail.
        #[test]
        fn mail_can_be_sent_to_every_address_that_is_accepted(
            text in "[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,12}@[a-z0-9-]{1,6}([.][a-z0-9-]{1,6}){0,3}",
        ) {
            if let Ok(address) = shared::validation::email(&text) {
                proptest::prop_assert!(recipient(&address).is_ok(), "{}", address);
            }
        }
    }
}

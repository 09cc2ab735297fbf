//! Mails as their recipients read them, parsed by another library than the one that wrote them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders};

use super::{Fixture, PATIENCE};
use crate::error::Result;
use crate::mail::transport::{Progress, Transport};
use crate::mailer::delivery::InFlight;
use crate::outbox::Wanted;
use crate::vault::Vault;

/// RFC 5322, section 2.1.1: the most characters of a line without its end.
const LINE_MAX: usize = 998;

impl Vault {
    /// Sends everything that is due now, one mail after another, each within `limit`, and returns the number of
    /// attempts. The mail worker does the same with several mails at a time.
    pub async fn deliver(&self, transport: &Transport, limit: Duration) -> Result<usize> {
        let mut attempts = 0;
        while let Some(mail) = self
            .take(Wanted::Any, self.now(), &InFlight::default())
            .await?
        {
            let outcome = mail.attempt(transport, limit, &Progress::default()).await;
            mail.settle(self, &outcome, self.now()).await?;
            attempts += 1;
        }
        Ok(attempts)
    }
}

/// A mail that has left Keyhold.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The first address of `To`.
    pub to: String,
    pub subject: String,
    /// Without its brackets.
    pub message_id: String,
    /// The names of all headers, in their order.
    pub headers: Vec<String>,
    pub text: String,
    pub html: String,
    /// All violations of RFC 5322 and MIME.
    pub defects: Vec<String>,
    pub raw: String,
}

impl Mail {
    pub fn read(raw: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(raw) else {
            return Self::unreadable(raw);
        };
        let to = message.to().and_then(|to| to.first()?.address());
        let body = |body: Option<std::borrow::Cow<'_, str>>| body.unwrap_or_default().into_owned();
        let mut defects = lines(raw);
        for part in &message.parts {
            if part.is_encoding_problem {
                defects.push(format!(
                    "a part cannot be decoded: {:?}",
                    part.content_type()
                ));
            }
        }
        let boundary = message
            .content_type()
            .and_then(|kind| kind.attribute("boundary"));
        if let Some(boundary) = boundary
            && !raw.ends_with(format!("\r\n--{boundary}--\r\n").as_bytes())
        {
            defects.push("the boundary is not closed".to_owned());
        }
        Self {
            to: to.unwrap_or_default().to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            message_id: message.message_id().unwrap_or_default().to_owned(),
            headers: message
                .headers_raw()
                .map(|(name, _)| name.to_owned())
                .collect(),
            text: body(message.body_text(0)),
            html: body(message.body_html(0)),
            defects,
            raw: String::from_utf8_lossy(raw).into_owned(),
        }
    }

    /// Returns a mail that came without any header.
    fn unreadable(raw: &[u8]) -> Self {
        Self {
            to: String::new(),
            subject: String::new(),
            message_id: String::new(),
            headers: Vec::new(),
            text: String::new(),
            html: String::new(),
            defects: vec!["there are no headers".to_owned()],
            raw: String::from_utf8_lossy(raw).into_owned(),
        }
    }
}

/// Returns lines that do not end with CRLF, are too long or not ASCII, and malformed headers.
fn lines(raw: &[u8]) -> Vec<String> {
    let mut defects = Vec::new();
    let mut in_headers = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let shown = line.escape_ascii();
        let Some(line) = line.strip_suffix(b"\r\n") else {
            defects.push(format!("no CRLF: {shown}"));
            continue;
        };
        if line.contains(&b'\r') || !line.is_ascii() || line.len() > LINE_MAX {
            defects.push(format!("not a line of text: {shown}"));
        }
        in_headers &= !line.is_empty();
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        if in_headers && !folded && (name.len() == line.len() || !is_name) {
            defects.push(format!("not a header: {shown}"));
        }
    }
    defects
}

/// The destination of a fixture's mails.
pub struct Mailbox {
    folder: PathBuf,
    pub transport: Transport,
    seen: BTreeSet<PathBuf>,
}

impl Mailbox {
    pub fn of(fixture: &Fixture) -> Self {
        let folder = fixture.folder.path().join("mail");
        let from = "keyhold@example.com".parse().unwrap();
        Self {
            transport: Transport::folder(folder.clone(), from, "keys.example.com"),
            folder,
            seen: BTreeSet::new(),
        }
    }

    /// Sweeps and sends. Returns the resulting notices, by recipient.
    pub async fn notices(&mut self, vault: &Vault) -> Vec<Mail> {
        vault.sweep().await.unwrap();
        let mut mails = self.delivered(vault).await;
        mails.retain(|mail| mail.subject.contains("API key"));
        mails
    }

    /// Sends the content of the outbox. Returns the resulting mails, by recipient.
    pub async fn delivered(&mut self, vault: &Vault) -> Vec<Mail> {
        vault.deliver(&self.transport, PATIENCE).await.unwrap();
        let mut mails = Vec::new();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if self.seen.insert(path.clone()) {
                mails.push(Mail::read(&std::fs::read(path).unwrap()));
            }
        }
        mails.sort_by(|a, b| a.to.cmp(&b.to));
        mails
    }
}

//! How mails leave: to an SMTP server, or as files into a folder where there is none.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::folder::Folder;
use super::smtp::Smtp;
use super::{Letter, Sender, SmtpUrl, at_most, message, one_line};

/// Characters of a mail server's words that are kept.
const WORDS_MAX_CHARS: usize = 500;

/// The way out, with the address that mails come from.
#[derive(Clone, Debug)]
pub struct Transport {
    from: Sender,
    /// After the @ of Message-IDs.
    domain: String,
    way: Way,
}

/// For the log: where mails go and whom they come from, without a password.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Smtp(smtp) => write!(f, "{smtp}, from {}", self.from),
            Way::Folder(folder) => write!(f, "{folder}, from {}", self.from),
            #[cfg(test)]
            Way::Panic => f.write_str("panic"),
        }
    }
}

#[derive(Clone, Debug)]
enum Way {
    Smtp(Box<Smtp>),
    Folder(Folder),
    /// For tests of what a panic costs.
    #[cfg(test)]
    Panic,
}

/// Why a mail has not left, in the mail server's words: one line, at most 500 characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SendFault {
    /// A later attempt may succeed.
    Temporary(String),
    /// No attempt will: the mail itself is refused.
    Permanent(String),
    /// All of the mail was sent and no answer came: it may have been delivered.
    Unknown(String),
}

/// How far a mail has come, known even if the attempt is called off.
#[derive(Debug, Default)]
pub struct Progress(AtomicBool);

impl Progress {
    /// From now on the mail server may have the mail.
    pub(super) fn ending(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The mail server has said what became of the mail.
    pub(super) fn answered(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The mail server has the mail, which is not stored yet.
    pub(crate) fn accepted(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the mail may have been delivered without the database knowing it.
    pub(crate) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What an attempt that ended here has come to.
    pub(crate) fn fault(&self, said: &str) -> SendFault {
        if self.is_unknown() {
            SendFault::Unknown(words(&format!("{said}; the mail may have been delivered")))
        } else {
            SendFault::temporary(said)
        }
    }
}

impl SendFault {
    pub fn words(&self) -> &str {
        match self {
            Self::Temporary(words) | Self::Permanent(words) | Self::Unknown(words) => words,
        }
    }

    pub(crate) fn temporary(said: &str) -> Self {
        Self::Temporary(words(said))
    }

    pub(crate) fn permanent(said: &str) -> Self {
        Self::Permanent(words(said))
    }
}

/// What somebody else said, fit for a row, a page and a log.
pub(super) fn words(said: &str) -> String {
    at_most(WORDS_MAX_CHARS, &one_line(said))
}

impl Transport {
    /// To an SMTP server. Nothing is sent yet, nor is anybody connected to.
    ///
    /// # Errors
    /// A sentence, where TLS cannot be set up.
    pub fn smtp(url: &SmtpUrl, from: Sender, domain: &str) -> Result<Self, String> {
        Ok(Self {
            from,
            domain: domain.to_owned(),
            way: Way::Smtp(Box::new(Smtp::new(url, domain)?)),
        })
    }

    /// Into a folder, which is made with the first mail.
    pub fn folder(path: PathBuf, from: Sender, domain: &str) -> Self {
        Self {
            from,
            domain: domain.to_owned(),
            way: Way::Folder(Folder::new(path)),
        }
    }

    /// One that panics.
    #[cfg(test)]
    pub fn panicking(from: Sender) -> Self {
        Self {
            from,
            domain: "example.com".to_owned(),
            way: Way::Panic,
        }
    }

    /// Sends a mail, and answers with what the mail server said. Each step of it is bounded, all of them together
    /// are not: that is the caller's, who may drop this at any time and then ask `progress`.
    #[cfg_attr(
        test,
        expect(clippy::missing_panics_doc, reason = "only the way of a test panics")
    )]
    pub async fn send(&self, letter: &Letter, progress: &Progress) -> Result<String, SendFault> {
        let message = message::message(letter, &self.from, &self.domain, SystemTime::now())?;
        match &self.way {
            Way::Smtp(smtp) => {
                let to = message::recipient(&letter.to)?;
                smtp.send(self.from.address(), &to, &message.formatted(), progress)
                    .await
            }
            Way::Folder(folder) => folder.keep(letter, message.formatted()).await,
            #[cfg(test)]
            Way::Panic => panic!("as it was told"),
        }
    }
}

//! How mails leave: to an SMTP server, or as files into a folder where there is none.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::folder::Folder;
use super::letter::Letter;
pub use super::send_error::{Progress, SendFault};
use super::smtp::Smtp;
use super::{Sender, SmtpUrl, message};

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
        #[expect(
            clippy::disallowed_methods,
            reason = "the Date header is for the readers of the mail, whose clocks show the real time"
        )]
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

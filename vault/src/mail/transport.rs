//! Mail transport: to an SMTP server, or as files into a folder where there is none.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::folder::Folder;
use super::letter::Letter;
pub use super::send_error::{Progress, SendError};
use super::smtp::Smtp;
use super::{Sender, SmtpUrl, message};

/// The destination of mails, with their sender address.
#[derive(Clone, Debug)]
pub struct Transport {
    from: Sender,
    /// The domain of Message-IDs.
    domain: String,
    way: Way,
}

/// For the log: the destination and the sender of mails, without a password.
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
    /// For tests of the cost of a panic.
    #[cfg(test)]
    Panic,
}

impl Transport {
    /// Returns a transport to an SMTP server. It neither sends nor connects yet.
    ///
    /// # Errors
    /// A message if TLS cannot be set up.
    pub fn smtp(url: &SmtpUrl, from: Sender, domain: &str) -> Result<Self, String> {
        Ok(Self {
            from,
            domain: domain.to_owned(),
            way: Way::Smtp(Box::new(Smtp::new(url, domain)?)),
        })
    }

    /// Returns a transport into a folder, which is created with the first mail.
    pub fn folder(path: PathBuf, from: Sender, domain: &str) -> Self {
        Self {
            from,
            domain: domain.to_owned(),
            way: Way::Folder(Folder::new(path)),
        }
    }

    /// Returns a transport that panics.
    #[cfg(test)]
    pub fn panicking(from: Sender) -> Self {
        Self {
            from,
            domain: "example.com".to_owned(),
            way: Way::Panic,
        }
    }

    /// Returns whether mails become files, because there is no mail server.
    pub fn is_folder(&self) -> bool {
        matches!(self.way, Way::Folder(_))
    }

    /// Tries the mail server without sending a mail: connects, encrypts and logs in. A folder always passes. Each step has a
    /// time limit, but all of them together have none: the caller may drop this at any time.
    ///
    /// # Errors
    /// The server's response, or what is wrong with the connection.
    pub async fn probe(&self) -> Result<(), String> {
        match &self.way {
            Way::Smtp(smtp) => smtp.probe().await,
            Way::Folder(_) => Ok(()),
            #[cfg(test)]
            Way::Panic => Err("panic".to_owned()),
        }
    }

    /// Sends a mail, and returns the mail server's response. Each step has a time limit, but all of them together have
    /// none: the caller may drop this at any time and then read `progress`.
    #[cfg_attr(
        test,
        expect(clippy::missing_panics_doc, reason = "only the way of a test panics")
    )]
    pub async fn send(&self, letter: &Letter, progress: &Progress) -> Result<String, SendError> {
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
            Way::Folder(_) if !progress.is_held() => Err(SendError::lease_over()),
            Way::Folder(folder) => folder.keep(letter, message.formatted()).await,
            #[cfg(test)]
            Way::Panic => panic!("as it was told"),
        }
    }
}

//! Mails as files, for a Keyhold on a local machine: nothing leaves it, and any mail program opens them.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::DateTime;

use super::letter::Letter;
use super::send_error::{SendError, response_line};
use crate::files::private_folder;

#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the folder {}", self.path.display())
    }
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes a mail to `<instant>-<id>.eml`. A second copy of the same letter replaces the first.
    pub async fn keep(&self, letter: &Letter, mail: Vec<u8>) -> Result<String, SendError> {
        let made = DateTime::from_timestamp_millis(letter.created_at).unwrap_or_default();
        // The id is generated, but a file name must not rely on that.
        let id = letter.id.replace(['/', '\\', '.'], "_");
        let file = self
            .path
            .join(format!("{}-{id}.eml", made.format("%Y%m%dT%H%M%SZ")));
        let target = file.clone();
        let written = tokio::task::spawn_blocking(move || write(&target, &mail)).await;
        match written {
            Ok(Ok(())) => {
                tracing::info!("email written to {}", file.display());
                Ok(response_line(&format!("written to {}", file.display())))
            }
            Ok(Err(error)) => Err(SendError::temporary(&format!(
                "{} cannot be written: {error}",
                file.display()
            ))),
            Err(error) => Err(SendError::temporary(&error.to_string())),
        }
    }
}

/// Writes the file atomically, for its owner only: a mail may hold a link that sets a new password.
fn write(target: &Path, mail: &[u8]) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        private_folder(folder)?;
    }
    let unfinished = target.with_extension("unfinished");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(mail)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, target)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt;

    use super::super::Content;
    use super::super::transport::{Progress, Transport};
    use super::*;

    fn letter(id: &str) -> Letter {
        Letter {
            id: id.to_owned(),
            created_at: 1_795_435_200_123,
            to: "a@example.com".to_owned(),
            content: Content {
                unsubscribe: None,
                subject: "s".to_owned(),
                text: "t".to_owned(),
                html: "<p>h</p>".to_owned(),
            },
        }
    }

    #[tokio::test]
    async fn a_mail_is_a_file_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/mail");
        let transport = Transport::folder(
            path.clone(),
            "Keyhold <keyhold@localhost>".parse().unwrap(),
            "localhost",
        );
        let response = transport
            .send(&letter("mail_0"), &Progress::default())
            .await
            .unwrap();
        transport
            .send(&letter("mail_0"), &Progress::default())
            .await
            .unwrap();
        transport
            .send(&letter("../mail_1"), &Progress::default())
            .await
            .unwrap();

        let mut names: Vec<_> = std::fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "20261123T120000Z-___mail_1.eml",
                "20261123T120000Z-mail_0.eml"
            ]
        );
        let file = path.join(&names[1]);
        assert_eq!(response, format!("written to {}", file.display()));
        assert!(
            std::fs::read_to_string(&file)
                .unwrap()
                .contains("Message-ID: <mail_0@localhost>")
        );
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&path)), (0o600, 0o700));
    }

    #[tokio::test]
    async fn an_unusable_folder_is_a_temporary_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::write(&path, "").unwrap();
        let transport = Transport::folder(path, "keyhold@localhost".parse().unwrap(), "localhost");
        let fault = transport
            .send(&letter("mail_0"), &Progress::default())
            .await
            .unwrap_err();
        assert!(matches!(fault, SendError::Temporary(_)), "{fault:?}");
        assert!(fault.response().contains("cannot be written"), "{fault:?}");
    }
}

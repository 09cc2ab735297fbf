//! The first operator's token, in a file beside the pepper: the command line works at once on the same machine.
//!
//! A token is made when the file is missing and no token could make others. So an operator who has lost all of them
//! removes the file and starts Keyhold again: access to the folder of the pepper is access to everything.

use std::io::{ErrorKind, Write};
use std::path::Path;

use shared::token::OperatorToken;

use super::scope::{Scope, Scopes};
use super::token::{LONGEST_MS, insert};
use crate::crypto::random;
use crate::error::Result;
use crate::files::{folder_of, new_private_file, private_folder, sync_folder};
use crate::storage::{System, Tx};
use crate::vault::Vault;

/// What the start found or made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FirstToken {
    /// The file has a new token now.
    Made,
    /// The token of the file was unknown, and is good now.
    Adopted,
    /// Nothing had to be done.
    Unneeded,
}

impl Vault {
    /// Makes the first token and writes it into `file`, readable by its owner only, if there is none to make others with.
    /// A file that an operator has put there with a token is taken as it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn ensure_first_token(&self, file: &Path) -> Result<std::io::Result<FirstToken>> {
        if self.has_maker_of_tokens().await? {
            return Ok(Ok(FirstToken::Unneeded));
        }
        let (token, found) = match read(file) {
            Ok(Some(text)) => match OperatorToken::parse(text.trim()) {
                Ok(token) => (token.expose().to_owned(), FirstToken::Adopted),
                Err(_) => return Ok(Err(std::io::Error::other("it holds no operator's token"))),
            },
            Ok(None) => {
                let bits = random::bytes()?;
                let token = OperatorToken::from_entropy(bits).expose().to_owned();
                if let Err(error) = write(file, &token) {
                    return Ok(Err(error));
                }
                (token, FirstToken::Made)
            }
            Err(error) => return Ok(Err(error)),
        };
        let vault = self.clone();
        let known = self.write(System, move |tx: &mut Tx| {
            Box::pin(async move {
                let Ok(token) = OperatorToken::parse(&token) else {
                    return Ok(false);
                };
                let digest = vault.0.pepper.digest_of_token(&token).to_vec();
                let known: Option<(String,)> =
                    sqlx::query_as("SELECT id FROM operator_tokens WHERE digest = $1")
                        .bind(digest)
                        .fetch_optional(tx.connection())
                        .await?;
                if known.is_some() {
                    // Revoked or expired: a start must not bring it back.
                    tx.roll_back();
                    return Ok(true);
                }
                let until = tx.now() + LONGEST_MS;
                let fields = ("First token", &Scopes::all(), until);
                insert(&vault, tx, &token, fields).await?;
                Ok(false)
            })
        });
        let known = known.await?;
        Ok(Ok(if known { FirstToken::Unneeded } else { found }))
    }

    async fn has_maker_of_tokens(&self) -> Result<bool> {
        let good: Vec<(String,)> = sqlx::query_as(
            "SELECT scopes FROM operator_tokens WHERE revoked_at IS NULL AND expires_at > $1",
        )
        .bind(self.now())
        .fetch_all(&self.readers())
        .await?;
        Ok(good
            .iter()
            .any(|(scopes,)| Scopes::stored(scopes).0.contains(&Scope::TokensWrite)))
    }
}

fn read(file: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a new file that only its owner can read, and makes it durable.
fn write(path: &Path, token: &str) -> std::io::Result<()> {
    private_folder(folder_of(path))?;
    let mut file = new_private_file(path)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    sync_folder(path)
}

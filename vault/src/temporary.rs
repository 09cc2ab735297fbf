//! A vault in a temporary folder, for the tests beside the code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::limits;
use crate::storage::{System, Tx};
use crate::time::clock::ManualClock;
use crate::vault::{Options, Vault};

/// Opens a vault whose notices leave at once.
pub async fn vault(clock: Arc<ManualClock>) -> (Vault, TempDir) {
    let folder = TempDir::new().unwrap();
    let options = Options {
        database_url: format!("sqlite://{}", folder.path().join("keyhold.db").display()),
        pepper_file: folder.path().join("pepper"),
        base_url: "https://keys.example.com".to_owned(),
        limits: limits::Settings::default(),
    };
    let vault = Vault::open(&options, clock).await.unwrap();
    vault.set_notice_wait(Duration::ZERO);
    (vault, folder)
}

/// Changes what is in the database.
pub async fn execute(vault: &Vault, statement: &'static str) {
    let change = async |tx: &mut Tx| {
        sqlx::query(statement).execute(tx.connection()).await?;
        Ok(())
    };
    let changed = vault.0.database.transact(System, change);
    changed.await.unwrap();
}

//! The prefix of keys: taken over once, kept by the database, and no end of the keys made before.

use std::sync::Arc;

use vault::clock::ManualClock;
use vault::test_support::{Folder, INVALID, NOON, newcomer, options, verify};
use vault::{Caller, NewKey, OpenError, Vault};

async fn open(folder: &Folder, prefix: Option<&str>) -> Result<Vault, OpenError> {
    let mut options = options(folder);
    options.brand.key_prefix = prefix.and_then(|prefix| prefix.parse().ok());
    Vault::open(&options, Arc::new(ManualClock::at(NOON))).await
}

async fn sentence(folder: &Folder, prefix: &str) -> String {
    match open(folder, Some(prefix)).await {
        Ok(vault) => {
            vault.close().await;
            "opened".to_owned()
        }
        Err(error) => error.to_string(),
    }
}

async fn key(vault: &Vault, email: &str) -> NewKey {
    let signed_up = vault.sign_up(&Caller::default(), newcomer(email)).await;
    signed_up.unwrap().key
}

fn is_good(vault: &Vault, key: &NewKey) -> bool {
    verify(vault, key.access_key, &key.secret_key).is_ok()
}

#[tokio::test]
async fn the_first_start_decides_the_prefix() {
    let folder = Folder::new().await;
    let vault = open(&folder, Some("acme")).await.unwrap();
    let key = key(&vault, "a@example.com").await;
    assert!(key.access_key.to_string().starts_with("acme_"));
    assert!(key.secret_key.expose().starts_with("acmes_"));
    assert!(is_good(&vault, &key));
    vault.close().await;
    drop(vault);
    for other in ["acne", "kh"] {
        let refused = sentence(&folder, other).await;
        let expected = format!(
            "KEYHOLD_KEY_PREFIX is {other}, but new keys of this database begin with acme_"
        );
        assert!(refused.starts_with(&expected), "{refused}");
    }
    assert_eq!(sentence(&folder, "acme").await, "opened");
    // Without the setting the database knows.
    let vault = open(&folder, None).await.unwrap();
    assert_eq!(vault.key_prefix().name(), "acme");
    assert!(is_good(&vault, &key));
    vault.close().await;
}

#[tokio::test]
async fn keys_made_before_stay_good() {
    let folder = Folder::new().await;
    let vault = open(&folder, None).await.unwrap();
    let before = key(&vault, "a@example.com").await;
    vault.close().await;
    drop(vault);
    let vault = open(&folder, Some("acme")).await.unwrap();
    let after = key(&vault, "b@example.com").await;
    assert!(before.access_key.to_string().starts_with("kh_"));
    assert!(after.access_key.to_string().starts_with("acme_"));
    assert!(is_good(&vault, &before) && is_good(&vault, &after));
    // The secret of one does not open the other.
    for (one, other) in [(&before, &after), (&after, &before)] {
        let crossed = verify(&vault, one.access_key, &other.secret_key);
        assert_eq!(crossed.err(), Some(INVALID));
    }
    vault.close().await;
}

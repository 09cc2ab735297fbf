//! Finding the key that a pasted secret belongs to.

use shared::status::Status;
use shared::token::SecretKey;
use vault::test_support::{Fixture, MINUTE, Member, expire};
use vault::{Error, NewKey};

async fn which(site: &Fixture, member: &Member, text: &str) -> Result<Option<String>, Error> {
    let found = site.vault.which_key(member.actor.account(), text).await?;
    Ok(found.map(|key| format!("{} {} {}", key.name, key.access_key, key.status.slug())))
}

fn told(key: &NewKey, status: Status) -> String {
    format!("{} {} {}", key.name, key.access_key, status.slug())
}

#[tokio::test]
async fn a_secret_leads_to_its_key() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let staging = site.key(&member, "staging", "never").await;
    let old = site.key(&member, "old", "90d").await;
    let access_key = old.access_key.to_string();
    expire(&site.vault, &member, &access_key).await;
    let secret = staging.secret_key.expose();
    // The other key's access key does not count.
    for text in [
        secret.to_owned(),
        format!(" {secret}\n"),
        format!("{}.{secret}", staging.access_key),
        format!("{access_key}:{secret}"),
    ] {
        let found = which(&site, &member, &text).await.unwrap();
        assert_eq!(found, Some(told(&staging, Status::Active)));
    }
    let found = which(&site, &member, old.secret_key.expose()).await;
    assert_eq!(found.unwrap(), Some(told(&old, Status::Expired)));
}

/// The secret of another account's key is as unknown as one that does not exist.
#[tokio::test]
async fn a_foreign_secret_belongs_to_no_key() {
    let site = Fixture::new().await;
    let owner = site.member("a@example.com").await;
    let stranger = site.member("b@example.com").await;
    let foreign = owner.default_key.secret_key.expose();
    let unknown = SecretKey::from_entropy([9; 32]);
    for secret in [foreign, unknown.expose()] {
        assert_eq!(which(&site, &stranger, secret).await.unwrap(), None);
    }
    for text in ["", "billing", &foreign[..40]] {
        let refused = which(&site, &stranger, text).await;
        let messages = vault::test_support::messages(refused);
        assert!(messages.starts_with("secret: That isn't"), "{messages}");
        assert!(text.is_empty() || !messages.contains(text));
    }
}

/// Wrong secrets count like wrong passwords, and block neither these nor other accounts.
#[tokio::test]
async fn wrong_secrets_are_limited() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    let wrong = SecretKey::from_entropy([9; 32]);
    for _ in 0..6 {
        assert_eq!(which(&site, &member, wrong.expose()).await.unwrap(), None);
    }
    let right = member.default_key.secret_key.expose();
    let waits = which(&site, &member, right).await;
    assert!(matches!(waits, Err(Error::Throttled { .. })));
    let found = which(&site, &other, other.default_key.secret_key.expose()).await;
    assert!(found.unwrap().is_some());
    site.clock.advance(MINUTE);
    let found = which(&site, &member, right).await;
    let right = told(&member.default_key, Status::Active);
    assert_eq!(found.unwrap(), Some(right));
}

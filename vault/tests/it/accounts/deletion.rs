//! Deletion of accounts: everything that the account had stops at once, and other accounts go on.

use shared::DAY_MS;
use vault::test_support::{Fixture, Mailbox, PASSWORD, expire, from, messages, newcomer};
use vault::{Actor, Caller, DeleteAccount, Error, Keep};

const EMAIL: &str = "a@example.com";

async fn delete(site: &Fixture, actor: &Actor, email: &str, password: &str) -> Result<i64, Error> {
    let typed = DeleteAccount {
        confirm_email: email,
        current_password: password,
    };
    site.vault.delete_account(actor, typed).await
}

async fn count(site: &Fixture, what: &str) -> i64 {
    let mut database = site.database().await;
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {what}"));
    sqlx::query_scalar(statement)
        .fetch_one(&mut database)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_deleted_account_has_no_keys_sessions_or_mails() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let member = site.member(EMAIL).await;
    let other = site.member("b@example.com").await;
    let key = site.key(&member, "billing", "30d").await;
    let caller = from([192, 0, 2, 7]);
    let elsewhere = site.vault.sign_in(&caller, EMAIL, PASSWORD);
    let elsewhere = elsewhere.await.unwrap();
    let _ = mailbox.delivered(&site.vault).await;
    // These wait when the account is deleted.
    site.vault
        .change_address(&member.actor, "new@example.com", PASSWORD)
        .await
        .unwrap();
    expire(&site.vault, &member, &key.access_key.to_string()).await;
    let preview = site.vault.deletion_preview(member.actor.account()).await;
    let preview = preview.unwrap();
    // Both were made in the same instant, and none was used.
    let mut names: Vec<&str> = preview.first.iter().map(|key| key.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!((preview.keys, names), (2, vec!["Default key", "billing"]));
    let deleted = delete(&site, &member.actor, " A@example.com ", PASSWORD).await;
    assert_eq!(deleted.unwrap(), 2);
    for gone in [&member.default_key, &key] {
        assert_eq!(site.verdict(gone), "invalid");
    }
    assert_eq!(site.verdict(&other.default_key), "good");
    assert!(site.session(&elsewhere).await.is_none());
    assert!(matches!(
        delete(&site, &member.actor, EMAIL, PASSWORD).await,
        Err(Error::Unavailable(_) | Error::SessionOver | Error::Invalid(_))
    ));
    let again = site.vault.sign_in(&caller, EMAIL, PASSWORD);
    assert!(matches!(again.await, Err(Error::WrongCredentials)));
    let mails = mailbox.delivered(&site.vault).await;
    let told: Vec<_> = mails
        .iter()
        .map(|mail| (&*mail.to, &*mail.subject))
        .collect();
    assert_eq!(told, [(EMAIL, "Your account was deleted")]);
    assert!(
        mails[0].text.contains("Its 2 API keys were deleted"),
        "{}",
        mails[0].text
    );
    assert_eq!(count(&site, "audit WHERE action = 'key.deleted'").await, 2);
    // The address is free again, and nothing of the old account comes back with it.
    let again = site
        .vault
        .sign_up(&Caller::default(), newcomer(EMAIL))
        .await;
    let again = site.session(&again.unwrap().session).await.unwrap();
    let preview = site.vault.deletion_preview(&again.account).await.unwrap();
    assert_eq!(preview.keys, 1);
}

#[tokio::test]
async fn a_deletion_needs_the_address_and_the_password() {
    let site = Fixture::new().await;
    let member = site.member(EMAIL).await;
    for (email, password, expected) in [
        (
            "",
            "",
            "confirm_email: Type a@example.com, the account's address, to delete it.\n\
             current_password: Enter your current password.",
        ),
        (
            "b@example.com",
            PASSWORD,
            "confirm_email: Type a@example.com, the account's address, to delete it.",
        ),
        (
            EMAIL,
            "guess",
            "current_password: This isn't your current password.",
        ),
    ] {
        let refused = delete(&site, &member.actor, email, password).await;
        assert_eq!(messages(refused), expected);
    }
    assert_eq!(site.verdict(&member.default_key), "good");
    assert!(site.vault.session("").await.unwrap().is_none());
}

/// The row that the last mail refers to goes with it, and counts as no account meanwhile.
#[tokio::test]
async fn nothing_is_left_once_the_mails_are_removed() {
    let site = Fixture::limited(|limits| limits.accounts = 1).await;
    let mut mailbox = Mailbox::of(&site);
    let member = site.member(EMAIL).await;
    delete(&site, &member.actor, EMAIL, PASSWORD).await.unwrap();
    assert_eq!(mailbox.delivered(&site.vault).await.len(), 1);
    assert!(!member.actor.account().id.contains('@'));
    for table in ["api_keys", "sessions", "account_hours", "last_uses"] {
        assert_eq!(count(&site, table).await, 0, "{table}");
    }
    assert_eq!(count(&site, "accounts").await, 1);
    site.member("b@example.com").await;
    site.clock.advance(91 * DAY_MS);
    while site
        .vault
        .prune(Keep::DEFAULT, site.vault.now())
        .await
        .unwrap()
    {}
    assert_eq!(count(&site, "accounts").await, 1);
    assert_eq!(
        count(&site, "accounts WHERE email = 'b@example.com'").await,
        1
    );
}

/// After a restart too, the keys are gone.
#[tokio::test]
async fn a_deletion_outlasts_a_restart() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member(EMAIL).await;
    delete(&site, &member.actor, EMAIL, PASSWORD).await.unwrap();
    let site = site.reopened().await;
    site.leave_mail();
    assert_eq!(site.verdict(&member.default_key), "invalid");
}

//! Notices about operators' tokens to the operators' address.

use vault::Vault;
use vault::operators::scope::Scope;
use vault::operators::token::{NewToken, Operator};
use vault::test_support::{DAY, Fixture, HOUR, Mail, Mailbox, NOON, options};

use super::operator;
use crate::restore::revocation::{restore, stop, wanted};
use crate::storage::backups::{back_up, backup_file, start};

const ADDRESS: &str = "operators@example.com";

/// Opens the files again, with an address for these notices.
async fn addressed(site: Fixture) -> Fixture {
    site.leave_mail();
    let Fixture {
        folder,
        clock,
        vault,
        ..
    } = site;
    vault.close().await;
    drop(vault);
    let mut options = options(&folder);
    options.operator_email = Some(ADDRESS.to_owned());
    let vault = Vault::open(&options, clock.clone()).await.unwrap();
    Fixture::of(folder, clock, vault)
}

/// Creates a token. Returns its id.
async fn token(site: &Fixture, by: &Operator, name: &str, expiry: &str) -> String {
    let new = NewToken {
        name: name.to_owned(),
        scopes: vec![Scope::TokensWrite],
        expiry: expiry.to_owned(),
    };
    let made = site.vault.create_token(by, new, None).await.unwrap();
    made.body["id"].as_str().unwrap().to_owned()
}

/// Sweeps and sends, twice. Returns what has arrived.
async fn arrived(site: &Fixture, mailbox: &mut Mailbox) -> Vec<Mail> {
    site.vault.sweep().await.unwrap();
    let mails = mailbox.delivered(&site.vault).await;
    assert_eq!(site.vault.sweep().await.unwrap(), 0);
    assert!(mailbox.delivered(&site.vault).await.is_empty());
    mails
}

/// Each stage that the life of a token allows is one mail, which several tokens share.
#[tokio::test]
async fn each_stage_is_one_mail() {
    let site = addressed(Fixture::new().await).await;
    let mut mailbox = Mailbox::of(&site);
    let by = operator(&site).await;
    token(&site, &by, "deployment", "90d").await;
    token(&site, &by, "reports", "90d").await;
    token(&site, &by, "brief", "10d").await;
    let revoked = token(&site, &by, "revoked", "90d").await;
    site.vault.revoke_token(&by, &revoked).await.unwrap();
    let both = ["deployment", "reports"].as_slice();
    for (day, subject, named) in [
        (9, "1 operator token expires soon", ["brief"].as_slice()),
        (10, "1 operator token has expired", &["brief"]),
        (60, "2 operator tokens expire soon", both),
        (83, "2 operator tokens expire soon", both),
        (89, "2 operator tokens expire soon", both),
        (90, "2 operator tokens have expired", both),
        (336, "1 operator token expires soon", &["First token"]),
    ] {
        // A millisecond before the stage there is nothing.
        site.clock.set(NOON + day * DAY);
        assert!(arrived(&site, &mut mailbox).await.is_empty(), "{day}");
        site.clock.advance(1);
        let mails = arrived(&site, &mut mailbox).await;
        let [mail] = &mails[..] else {
            panic!("{day}: {mails:?}");
        };
        assert_eq!((&*mail.to, &*mail.subject), (ADDRESS, subject), "{day}");
        assert!(mail.defects.is_empty(), "{:?}", mail.defects);
        for name in ["brief", "deployment", "reports", "revoked", "First token"] {
            assert_eq!(
                mail.text.contains(name),
                named.contains(&name),
                "{day}: {}",
                mail.text
            );
        }
    }
}

/// A start repeats no mail, also after a process that died between the mail and the position of the sweep.
#[tokio::test]
async fn a_start_repeats_nothing() {
    let site = addressed(Fixture::new().await).await;
    let mut mailbox = Mailbox::of(&site);
    let by = operator(&site).await;
    token(&site, &by, "deployment", "90d").await;
    site.clock.set(NOON + 60 * DAY + 1);
    assert_eq!(site.vault.sweep().await.unwrap(), 1);
    let mut database = site.database().await;
    let back = "UPDATE sweeps SET swept_to = swept_to - 1000 WHERE id = 1";
    sqlx::query(back).execute(&mut database).await.unwrap();
    let site = addressed(site).await;
    assert_eq!(site.vault.sweep().await.unwrap(), 0);
    let mails = mailbox.delivered(&site.vault).await;
    assert_eq!(mails.len(), 1);
    let (id,): (String,) = sqlx::query_as("SELECT id FROM outbox")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert!(mails[0].message_id.starts_with(&id), "{mails:?}");
    sqlx::query(back).execute(&mut database).await.unwrap();
    let site = addressed(site).await;
    assert!(arrived(&site, &mut mailbox).await.is_empty());
}

/// A mail that waited for the mail server says what is true when it leaves.
#[tokio::test]
async fn a_delayed_mail_leaves_out_what_is_no_longer_true() {
    let site = addressed(Fixture::new().await).await;
    let mut mailbox = Mailbox::of(&site);
    let by = operator(&site).await;
    let revoked = token(&site, &by, "revoked", "90d").await;
    token(&site, &by, "deployment", "90d").await;
    site.clock.set(NOON + 60 * DAY + 1);
    site.vault.sweep().await.unwrap();
    site.clock.set(NOON + 83 * DAY + 1);
    site.vault.revoke_token(&by, &revoked).await.unwrap();
    let mails = arrived(&site, &mut mailbox).await;
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    assert_eq!(mail.subject, "1 operator token expires soon");
    assert_eq!(mail.text.matches("deployment").count(), 1, "{}", mail.text);
    assert!(!mail.text.contains("revoked ("), "{}", mail.text);
}

/// Without an address there is no mail, and later none about what fell due before.
#[tokio::test]
async fn without_an_address_nothing_is_sent() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let by = operator(&site).await;
    token(&site, &by, "deployment", "90d").await;
    site.clock.set(NOON + 60 * DAY + 1);
    assert!(arrived(&site, &mut mailbox).await.is_empty());
    let site = addressed(site).await;
    assert!(arrived(&site, &mut mailbox).await.is_empty());
    site.clock.set(NOON + 83 * DAY + 1);
    assert_eq!(arrived(&site, &mut mailbox).await.len(), 1);
}

/// A restore of an older backup repeats no mail.
#[tokio::test]
async fn a_restore_repeats_nothing() {
    let site = addressed(Fixture::new().await).await;
    let mut mailbox = Mailbox::of(&site);
    site.member("a@example.com").await;
    site.leave_mail();
    let by = operator(&site).await;
    token(&site, &by, "deployment", "90d").await;
    mailbox.delivered(&site.vault).await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    site.clock.set(NOON + 60 * DAY + 1);
    let told = |mails: &[Mail]| mails.iter().filter(|mail| mail.to == ADDRESS).count();
    assert_eq!(told(&arrived(&site, &mut mailbox).await), 1);
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    let now = NOON + 60 * DAY + HOUR;
    restore(&folder, &wanted(&file), now).await.unwrap();
    let site = addressed(start(folder, now).await).await;
    assert_eq!(told(&arrived(&site, &mut mailbox).await), 0);
    site.leave_mail();
}

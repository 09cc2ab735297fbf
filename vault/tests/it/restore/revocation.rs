//! Revocation by a restore: what it revokes, keeps and rejects.

use std::fs;
use std::path::Path;

use sqlx::Connection;
use vault::clock::ManualClock;
use vault::test_support::{
    DAY, Fixture, Folder, HOUR, Mailbox, Member, NOON, PASSWORD, expire, options,
};
use vault::{Caller, DeleteAccount, Error, Present, Restored, Since, Wanted};

use crate::storage::backups::{back_up, backup_file, start};

pub fn wanted(file: &Path) -> Wanted {
    Wanted {
        file: file.to_owned(),
        keep_revived: false,
        expire: Vec::new(),
        dry_run: false,
    }
}

pub async fn restore(folder: &Folder, wanted: &Wanted, now: i64) -> Result<Restored, String> {
    restore_by(folder, wanted, &ManualClock::at(now)).await
}

pub async fn restore_by(
    folder: &Folder,
    wanted: &Wanted,
    clock: &ManualClock,
) -> Result<Restored, String> {
    let options = options(folder);
    let (url, pepper) = (&options.database_url, &options.pepper_file);
    let restored = vault::restore(url, pepper, wanted, clock, |_| ()).await;
    restored.map_err(|error| error.to_string())
}

/// Returns everything that a restore changes: the file of SQLite, and some rows.
pub async fn content(folder: &Folder) -> (Option<Vec<u8>>, Vec<(String, Option<i64>)>, i64) {
    let file = fs::read(folder.path().join("keyhold.db")).ok();
    let mut database = folder.database().connect().await.unwrap();
    let keys = sqlx::query_as("SELECT access_key, expires_at FROM api_keys ORDER BY access_key")
        .fetch_all(&mut database)
        .await
        .unwrap();
    let (sessions,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM sessions")
        .fetch_one(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    (file, keys, sessions)
}

/// Removes the database, as a broken disk or a new server would.
pub async fn lose_database(folder: &Folder) {
    if folder.database().is_postgres() {
        let mut database = folder.database().connect().await.unwrap();
        sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            .execute(&mut database)
            .await
            .unwrap();
        return;
    }
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("keyhold.db{ending}")));
    }
}

/// Stops a vault, so that its files can be restored.
pub async fn stop(site: Fixture) -> Folder {
    site.vault.close().await;
    site.folder
}

/// The keys of a restore test, and their fate after the backup.
pub struct Story {
    pub deleted: vault::NewKey,
    expired: vault::NewKey,
    shortened: vault::NewKey,
    pub untouched: vault::NewKey,
    made_later: vault::NewKey,
    member: Member,
}

pub async fn told(site: &Fixture) -> Story {
    let member = site.member("a@example.com").await;
    let [deleted, expired, shortened, untouched] = [
        site.key(&member, "deleted", "never").await,
        site.key(&member, "expired", "90d").await,
        site.key(&member, "shortened", "90d").await,
        site.key(&member, "untouched", "90d").await,
    ];
    back_up(site, &backup_file(site)).await.unwrap();
    site.clock.advance(HOUR);
    let key = deleted.access_key.to_string();
    site.vault
        .delete_key(&member.actor, &key, "deleted")
        .await
        .unwrap();
    expire(&site.vault, &member, &expired.access_key.to_string()).await;
    let mut database = site.database().await;
    sqlx::query("UPDATE api_keys SET expires_at = $1 WHERE name = 'shortened'")
        .bind(NOON + 10 * DAY)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    let made_later = site.key(&member, "made later", "90d").await;
    site.clock.advance(HOUR);
    site.vault.sweep().await.unwrap();
    Story {
        deleted,
        expired,
        shortened,
        untouched,
        made_later,
        member,
    }
}

/// A restore revokes and names the keys that were revoked after the backup.
#[tokio::test]
async fn a_restore_revokes_what_was_revoked_since() {
    let site = Fixture::new().await;
    let story = told(&site).await;
    let mut mailbox = Mailbox::of(&site);
    mailbox.notices(&site.vault).await;
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    let now = NOON + 3 * HOUR;

    let dry = Wanted {
        dry_run: true,
        ..wanted(&file)
    };
    let before = content(&folder).await;
    assert_eq!(restore(&folder, &dry, now).await.unwrap().revived.len(), 3);
    assert_eq!(content(&folder).await, before);

    let restored = restore(&folder, &wanted(&file), now).await.unwrap();
    assert_eq!(restored.present, Present::Compared);
    let named: Vec<(&str, Since)> = restored
        .revived
        .iter()
        .map(|key| (key.name.as_str(), key.since))
        .collect();
    for expected in [
        ("deleted", Since::Deleted),
        ("expired", Since::Expired),
        ("shortened", Since::Shortened),
    ] {
        assert!(named.contains(&expected), "{named:?}");
    }
    assert_eq!(named.len(), 3);
    assert!(
        restored
            .revived
            .iter()
            .all(|key| key.email == "a@example.com")
    );
    assert_eq!(restored.lost.len(), 1);
    assert_eq!(restored.lost[0].1, "made later");
    assert!(restored.aside.unwrap().exists(), "nothing is destroyed");
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            ["restoring", "drill", "partial", "-wal"]
                .iter()
                .any(|part| name.contains(part))
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let site = start(folder, now).await;
    assert_eq!(site.verdict(&story.deleted), "expired");
    assert_eq!(site.verdict(&story.expired), "expired");
    assert_eq!(site.verdict(&story.shortened), "good");
    assert_eq!(site.verdict(&story.untouched), "good");
    assert_eq!(site.verdict(&story.made_later), "invalid");
    let mut database = site.database().await;
    let (sessions, noted, revoked): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM sessions), (SELECT COUNT(*) FROM audit WHERE action = 'database.restored'),
                (SELECT COUNT(*) FROM audit WHERE action = 'key.expired' AND detail <> '')",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!((sessions, noted, revoked), (0, 1, 2));
    assert_eq!(
        site.vault.sweep().await.unwrap(),
        0,
        "no notice is repeated"
    );
    site.clock.set(NOON + 11 * DAY);
    assert_eq!(site.verdict(&story.shortened), "expired");
    assert!(story.member.actor.account().email.contains('@'));
}

/// A former address or password does not sign in again, and a second recipient who left gets no more notices.
#[tokio::test]
async fn later_changes_of_accounts_survive_a_restore() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    site.member("b@example.com").await;
    let mut database = site.database().await;
    let accounts =
        "SELECT id, email, password, second_recipient, feed_generation FROM accounts ORDER BY id";
    type Row = (String, String, String, Option<String>, i64);
    sqlx::query("UPDATE accounts SET second_recipient = 'c@example.com', second_confirmed_at = 1")
        .execute(&mut database)
        .await
        .unwrap();
    back_up(&site, &backup_file(&site)).await.unwrap();
    for statement in [
        "UPDATE accounts SET email = 'other' WHERE email = 'a@example.com'",
        "UPDATE accounts SET email = 'a@example.com' WHERE email = 'b@example.com'",
        "UPDATE accounts SET email = 'b@example.com' WHERE email = 'other'",
        "UPDATE accounts SET password = 'new' WHERE email = 'b@example.com'",
        "UPDATE accounts SET second_recipient = NULL, second_confirmed_at = NULL, feed_generation = 7",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    let before: Vec<Row> = sqlx::query_as(accounts)
        .fetch_all(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON + HOUR).await.unwrap();
    let site = start(folder, NOON + HOUR).await;
    let mut database = site.database().await;
    let after: Vec<Row> = sqlx::query_as(accounts)
        .fetch_all(&mut database)
        .await
        .unwrap();
    assert_eq!(after, before);
}

/// An account that was deleted since the backup stays deleted: no sign-in works, and no key.
#[tokio::test]
async fn a_deleted_account_does_not_come_back() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    site.member("b@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    site.clock.advance(HOUR);
    let typed = DeleteAccount {
        confirm_email: "a@example.com",
        current_password: PASSWORD,
    };
    site.vault
        .delete_account(&member.actor, typed)
        .await
        .unwrap();
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON + 2 * HOUR)
        .await
        .unwrap();
    let site = start(folder, NOON + 2 * HOUR).await;
    site.leave_mail();
    assert_ne!(site.verdict(&member.default_key), "good");
    let caller = Caller::default();
    let again = site.vault.sign_in(&caller, "a@example.com", PASSWORD).await;
    assert!(matches!(again, Err(Error::WrongCredentials)));
    assert!(
        site.vault
            .sign_in(&caller, "b@example.com", PASSWORD)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_operator_may_keep_or_name_keys() {
    let site = Fixture::new().await;
    site.leave_mail();
    let story = told(&site).await;
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    let unknown = Wanted {
        expire: vec!["kh_0000000000000000".to_owned()],
        ..wanted(&file)
    };
    let refused = restore(&folder, &unknown, NOON + 3 * HOUR)
        .await
        .unwrap_err();
    assert!(refused.contains("no key kh_0000000000000000"), "{refused}");
    let keep = Wanted {
        keep_revived: true,
        expire: vec![story.untouched.access_key.to_string()],
        ..wanted(&file)
    };
    restore(&folder, &keep, NOON + 3 * HOUR).await.unwrap();
    let site = start(folder, NOON + 3 * HOUR).await;
    assert_eq!(site.verdict(&story.deleted), "good");
    assert_eq!(site.verdict(&story.expired), "good");
    assert_eq!(site.verdict(&story.untouched), "expired");
}

#[tokio::test]
async fn a_refused_restore_changes_nothing() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let file = backup_file(&site);
    back_up(&site, &file).await.unwrap();
    let running = restore(&site.folder, &wanted(&file), NOON)
        .await
        .unwrap_err();
    assert!(running.contains("is in use by "), "{running}");
    let dry = Wanted {
        dry_run: true,
        ..wanted(&file)
    };
    restore(&site.folder, &dry, NOON).await.unwrap();
    let folder = stop(site).await;
    let before = content(&folder).await;
    let text = folder.path().join("text");
    fs::write(&text, "just some text, not a database\n".repeat(100)).unwrap();
    restore(&folder, &wanted(&text), NOON).await.unwrap_err();
    let mut damaged = fs::read(&file).unwrap();
    // The second page is the root of a table. In other pages the damage may hit unused space, which is none.
    damaged[4096..2 * 4096].fill(7);
    let broken = folder.path().join("damaged.db");
    fs::write(&broken, damaged).unwrap();
    restore(&folder, &wanted(&broken), NOON).await.unwrap_err();
    let pepper = folder.path().join("pepper");
    fs::write(&pepper, "0123456789abcdef".repeat(4)).unwrap();
    let strange = restore(&folder, &wanted(&file), NOON).await.unwrap_err();
    assert!(strange.contains("another pepper"), "{strange}");
    fs::remove_file(&pepper).unwrap();
    let lost = restore(&folder, &wanted(&file), NOON).await.unwrap_err();
    assert!(lost.contains("is missing"), "{lost}");
    assert_eq!(content(&folder).await, before);
}

/// A key that the operator names is expired, although the comparison would only have shortened its time.
#[tokio::test]
async fn a_named_key_expires_in_any_state() {
    let site = Fixture::new().await;
    site.leave_mail();
    let story = told(&site).await;
    let folder = stop(site).await;
    let named = Wanted {
        expire: vec![story.shortened.access_key.to_string()],
        ..wanted(&folder.path().join("backup.db"))
    };
    restore(&folder, &named, NOON + 3 * HOUR).await.unwrap();
    let site = start(folder, NOON + 3 * HOUR).await;
    assert_eq!(site.verdict(&story.shortened), "expired");
}

/// A key that had expired before the restore keeps its date, even if it is named.
#[tokio::test]
async fn a_named_key_that_had_expired_keeps_its_date() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "expired", "90d").await;
    expire(&site.vault, &member, &key.access_key.to_string()).await;
    site.clock.advance(DAY);
    back_up(&site, &backup_file(&site)).await.unwrap();
    let folder = stop(site).await;
    let named = Wanted {
        expire: vec![key.access_key.to_string()],
        ..wanted(&folder.path().join("backup.db"))
    };
    let restored = restore(&folder, &named, NOON + 2 * DAY).await.unwrap();
    assert_eq!(restored.revived[0].expires_at, NOON);
}

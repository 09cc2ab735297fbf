//! Restores of several backups in any order: what was revoked in between stays revoked, and keys that one of the
//! databases never had are not taken for revoked.

use vault::test_support::{Fixture, Folder, HOUR, Member, NOON, PASSWORD, expire};
use vault::{Actor, Caller, ChangePassword, NewKey, Present, Restored, Since};

use crate::restore::revocation::{lose_database, restore, stop, wanted};
use crate::storage::backups::{back_up, start};

const SECOND_PASSWORD: &str = "a calm forest at noon";
const THIRD_PASSWORD: &str = "a calm desert at dusk";

/// An older and a newer backup, and the fate of the keys between them.
struct Story {
    folder: Folder,
    /// In both backups.
    leaked: NewKey,
    /// In both; without an expiration in the newer one.
    extended: NewKey,
    /// In the newer one only.
    late: NewKey,
    /// In the newer one only; expired, and deleted, after both.
    retired: NewKey,
    deleted: NewKey,
}

async fn told() -> Story {
    let site = Fixture::new().await;
    site.leave_mail();
    let mut member = site.member("a@example.com").await;
    let leaked = site.key(&member, "leaked", "never").await;
    let extended = site.key(&member, "extended", "1d").await;
    back_up(&site, &site.folder.path().join("older.db"))
        .await
        .unwrap();
    site.clock.advance(HOUR);
    let access_key = extended.access_key.to_string();
    vault::test_support::restore(&site.vault, &member, &access_key, "never").await;
    let [late, retired, deleted] = [
        site.key(&member, "late", "never").await,
        site.key(&member, "retired", "never").await,
        site.key(&member, "deleted", "never").await,
    ];
    change_password(&site, &mut member, (PASSWORD, SECOND_PASSWORD)).await;
    back_up(&site, &site.folder.path().join("newer.db"))
        .await
        .unwrap();
    site.clock.advance(HOUR);
    expire(&site.vault, &member, &retired.access_key.to_string()).await;
    let access_key = deleted.access_key.to_string();
    let done = site.vault.delete_key(&member.actor, &access_key, "deleted");
    done.await.unwrap();
    change_password(&site, &mut member, (SECOND_PASSWORD, THIRD_PASSWORD)).await;
    Story {
        folder: stop(site).await,
        leaked,
        extended,
        late,
        retired,
        deleted,
    }
}

async fn change_password(site: &Fixture, member: &mut Member, (old, new): (&str, &str)) {
    let passwords = ChangePassword { current: old, new };
    let changed = site.vault.change_password(&member.actor, passwords);
    member.actor.session = site.session(&changed.await.unwrap()).await.unwrap();
}

async fn restored(folder: &Folder, name: &str, now: i64) -> Restored {
    restore(folder, &wanted(&folder.path().join(name)), now)
        .await
        .unwrap()
}

/// Expires a key in the current database.
async fn expired_meanwhile(folder: Folder, key: &NewKey, password: &str) -> Folder {
    let site = start(folder, NOON + 4 * HOUR).await;
    let caller = Caller::default();
    let token = site.vault.sign_in(&caller, "a@example.com", password).await;
    let session = site.session(&token.unwrap()).await.unwrap();
    let access_key = key.access_key.to_string();
    let actor = Actor { session, caller };
    let done = site.vault.expire_key(&actor, &access_key).await;
    done.unwrap();
    stop(site).await
}

/// A newer backup restored after an older one revives nothing that was revoked in between.
#[tokio::test]
async fn a_newer_backup_revives_nothing_that_was_revoked_in_between() {
    let story = told().await;
    let older = restored(&story.folder, "older.db", NOON + 3 * HOUR).await;
    assert_eq!(older.present, Present::Compared);
    let folder = expired_meanwhile(story.folder, &story.leaked, THIRD_PASSWORD).await;
    let newer = restored(&folder, "newer.db", NOON + 5 * HOUR).await;
    assert_eq!(newer.present, Present::Parted);
    let mut named: Vec<_> = newer.revived.iter().collect();
    named.sort_by_key(|key| &key.name);
    let named: Vec<_> = named.iter().map(|key| (&*key.name, key.since)).collect();
    let expected = [
        ("deleted", Since::Deleted),
        ("leaked", Since::Expired),
        ("retired", Since::Deleted),
    ];
    assert_eq!(named, expected);
    let site = start(folder, NOON + 6 * HOUR).await;
    for (key, verdict) in [
        (&story.leaked, "expired"),
        (&story.retired, "expired"),
        (&story.deleted, "expired"),
        (&story.late, "good"),
        (&story.extended, "good"),
    ] {
        assert_eq!(site.verdict(key), verdict, "{}", key.name);
    }
    for (password, good) in [(SECOND_PASSWORD, false), (THIRD_PASSWORD, true)] {
        let caller = Caller::default();
        let signed_in = site.vault.sign_in(&caller, "a@example.com", password).await;
        assert_eq!(signed_in.is_ok(), good, "{password}");
    }
}

/// A newer backup counts as the later state of everything but the changes since the older one replaced a lost database.
#[tokio::test]
async fn rows_unknown_to_the_older_backup_are_left_unchanged() {
    let story = told().await;
    lose_database(&story.folder).await;
    let older = restored(&story.folder, "older.db", NOON + 3 * HOUR).await;
    assert_eq!(older.present, Present::Missing);
    let folder = expired_meanwhile(story.folder, &story.leaked, PASSWORD).await;
    let newer = restored(&folder, "newer.db", NOON + 5 * HOUR).await;
    assert_eq!(newer.present, Present::Parted);
    let named: Vec<_> = newer.revived.iter().map(|key| &*key.name).collect();
    assert_eq!(named, ["leaked"]);
    let site = start(folder, NOON + 6 * HOUR).await;
    assert_eq!(site.verdict(&story.leaked), "expired");
    for key in [&story.late, &story.extended] {
        assert_eq!(site.verdict(key), "good", "{}", key.name);
    }
    for (password, good) in [(PASSWORD, false), (SECOND_PASSWORD, true)] {
        let caller = Caller::default();
        let signed_in = site.vault.sign_in(&caller, "a@example.com", password).await;
        assert_eq!(signed_in.is_ok(), good, "{password}");
    }
}

/// A manual expiration is kept even after its audit entry was pruned.
#[tokio::test]
async fn an_expiration_is_known_without_its_entry() {
    let story = told().await;
    restored(&story.folder, "older.db", NOON + 3 * HOUR).await;
    let folder = expired_meanwhile(story.folder, &story.leaked, THIRD_PASSWORD).await;
    let site = start(folder, NOON + 5 * HOUR).await;
    site.leave_mail();
    let mut database = site.database().await;
    let pruned = sqlx::query("DELETE FROM audit WHERE subject = $1")
        .bind(story.leaked.access_key.to_string())
        .execute(&mut database)
        .await
        .unwrap();
    assert!(pruned.rows_affected() > 0);
    drop(database);
    let folder = stop(site).await;
    let newer = restored(&folder, "newer.db", NOON + 6 * HOUR).await;
    assert_eq!(newer.present, Present::Parted);
    let site = start(folder, NOON + 7 * HOUR).await;
    site.leave_mail();
    assert_eq!(site.verdict(&story.leaked), "expired");
    assert_eq!(site.verdict(&story.extended), "good");
}

/// An address that another account has in the newer backup is not carried over, and the operator is told.
#[tokio::test]
async fn an_address_that_another_account_has_is_not_carried_over() {
    let site = Fixture::new().await;
    site.leave_mail();
    for email in ["a@example.com", "b@example.com"] {
        site.member(email).await;
    }
    back_up(&site, &site.folder.path().join("older.db"))
        .await
        .unwrap();
    site.member("n@example.com").await;
    back_up(&site, &site.folder.path().join("newer.db"))
        .await
        .unwrap();
    let folder = stop(site).await;
    restored(&folder, "older.db", NOON + HOUR).await;
    let site = start(folder, NOON + 2 * HOUR).await;
    let mut database = site.database().await;
    // B has the address that A gave up for N's.
    for (old, new) in [
        ("a@example.com", "n@example.com"),
        ("b@example.com", "a@example.com"),
    ] {
        let changed = "UPDATE accounts SET email = $1 WHERE email = $2";
        let noted = "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
             SELECT (SELECT MAX(id) + 1 FROM audit), $1, id, 'account.address_changed', '', '', NULL, '' FROM accounts
             WHERE email = $2";
        let statement = sqlx::query(changed).bind(new).bind(old);
        statement.execute(&mut database).await.unwrap();
        let statement = sqlx::query(noted).bind(NOON + 2 * HOUR).bind(new);
        statement.execute(&mut database).await.unwrap();
    }
    drop(database);
    let folder = stop(site).await;
    let newer = restored(&folder, "newer.db", NOON + 3 * HOUR).await;
    assert_eq!(newer.present, Present::Parted);
    let mut parted: Vec<_> = newer
        .addresses
        .iter()
        .map(|account| (&*account.email, &*account.last))
        .collect();
    parted.sort_unstable();
    let expected = [
        ("a@example.com", "n@example.com"),
        ("b@example.com", "a@example.com"),
    ];
    assert_eq!(parted, expected);
    let site = start(folder, NOON + 4 * HOUR).await;
    for email in ["a@example.com", "b@example.com", "n@example.com"] {
        let caller = Caller::default();
        assert!(
            site.vault.sign_in(&caller, email, PASSWORD).await.is_ok(),
            "{email}"
        );
    }
}

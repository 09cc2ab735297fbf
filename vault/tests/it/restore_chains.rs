//! Several backups restored one after another, in any order: what was revoked in between stays revoked, and what one of
//! the databases never knew counts as revoked by nothing.

use std::fs;

use tempfile::TempDir;
use vault::{Caller, NewKey, Present, Restored, Since};

use crate::backups::{back_up, start};
use crate::fixture::{Fixture, HOUR, Member, NOON, PASSWORD, expire};
use crate::restores::{restore, stop, wanted};

const SECOND_PASSWORD: &str = "a calm forest at noon";
const THIRD_PASSWORD: &str = "a calm desert at dusk";

/// An older and a newer backup, and what became of the keys between them.
struct Story {
    folder: TempDir,
    /// In both backups.
    leaked: NewKey,
    /// In both; the newer one has it without an expiration.
    extended: NewKey,
    /// In the newer one only.
    late: NewKey,
    /// The same; expired, and deleted, after both.
    retired: NewKey,
    deleted: NewKey,
}

async fn told() -> Story {
    let site = Fixture::new().await;
    let nobody = Caller::default();
    let mut member = site.member("a@example.com").await;
    let leaked = site.key(&member, "leaked", "never").await;
    let extended = site.key(&member, "extended", "1d").await;
    back_up(&site, &site.folder.path().join("older.db"))
        .await
        .unwrap();
    site.clock.advance(HOUR);
    let access_key = extended.access_key.to_string();
    crate::fixture::restore(&site.vault, &member, &access_key, "never").await;
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
    let done = site
        .vault
        .delete_key(&member.session, &access_key, "deleted", &nobody);
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
    let (session, caller) = (&member.session, Caller::default());
    let changed = site.vault.change_password(session, old, new, &caller);
    member.session = site.session(&changed.await.unwrap()).await.unwrap();
}

async fn restored(folder: &TempDir, name: &str, now: i64) -> Restored {
    restore(folder, &wanted(&folder.path().join(name)), now)
        .await
        .unwrap()
}

/// Expires a key in the database that is there now.
async fn expired_meanwhile(folder: TempDir, key: &NewKey, password: &str) -> TempDir {
    let site = start(folder, NOON + 4 * HOUR).await;
    let caller = Caller::default();
    let token = site.vault.sign_in("a@example.com", password, &caller).await;
    let session = site.session(&token.unwrap()).await.unwrap();
    let access_key = key.access_key.to_string();
    let done = site.vault.expire_key(&session, &access_key, &caller).await;
    done.unwrap();
    stop(site).await
}

/// P6: a newer backup after an older one.
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
        let signed_in = site.vault.sign_in("a@example.com", password, &caller).await;
        assert_eq!(signed_in.is_ok(), good, "{password}");
    }
}

/// Where the older backup was restored in the place of a lost database, the newer one is the later state of everything
/// but what was done since.
#[tokio::test]
async fn what_the_older_backup_never_knew_is_left_as_it_is() {
    let story = told().await;
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(story.folder.path().join(format!("keyhold.db{ending}")));
    }
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
        let signed_in = site.vault.sign_in("a@example.com", password, &caller).await;
        assert_eq!(signed_in.is_ok(), good, "{password}");
    }
}

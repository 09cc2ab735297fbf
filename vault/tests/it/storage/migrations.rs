//! Migrations: the databases of earlier versions are brought up to date without loss.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sqlx::{AssertSqlSafe, Connection};
use vault::test_support::{DAY, Fixture, HOUR, NOON, edit, restoration};

use crate::usage::flush::{account_hours, hours};

/// In a database older than the notices, the audit trail gives the day on which each expiration was set, and notices
/// that were due before the upgrade are not sent.
#[tokio::test]
async fn expirations_get_dates_and_cause_no_notices() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let edited = site
        .key(&member, "edited", "90d")
        .await
        .access_key
        .to_string();
    let restored = site
        .key(&member, "restored", "90d")
        .await
        .access_key
        .to_string();
    let (vault, actor) = (&site.vault, &member.actor);
    site.clock.advance(DAY);
    vault
        .edit_key(actor, edit(&edited, "edited", "", "80d"))
        .await
        .unwrap();
    vault.expire_key(actor, &restored).await.unwrap();
    site.clock.advance(DAY);
    let expiry = vault
        .show_key(actor.account(), &edited)
        .await
        .unwrap()
        .key
        .expires
        .unwrap();
    vault
        .edit_key(actor, edit(&edited, "renamed", "", &expiry.rfc3339))
        .await
        .unwrap();
    vault
        .restore_key(actor, restoration(&restored, "80d"))
        .await
        .unwrap();
    let set_at = "SELECT name, expiration_set_at FROM api_keys ORDER BY name";
    let mut database = site.database().await;
    let before: Vec<(String, i64)> = sqlx::query_as(set_at)
        .fetch_all(&mut database)
        .await
        .unwrap();
    assert_eq!(
        before,
        [
            ("Default key".to_owned(), NOON),
            ("renamed".to_owned(), NOON + DAY),
            ("restored".to_owned(), NOON + 2 * DAY),
        ]
    );
    vault.close().await;

    for undo in [
        "DROP TABLE links",
        "DROP TABLE notices",
        "DROP TABLE outbox",
        "DROP TABLE sweeps",
        "DROP INDEX api_keys_by_instant",
        "ALTER TABLE api_keys DROP COLUMN expiration_set_at",
        "ALTER TABLE accounts DROP COLUMN confirmed_at",
        "ALTER TABLE accounts DROP COLUMN stages",
        "ALTER TABLE accounts DROP COLUMN second_recipient",
        "ALTER TABLE accounts DROP COLUMN second_confirmed_at",
        "ALTER TABLE accounts DROP COLUMN feed_generation",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
    ] {
        sqlx::query(undo).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    site.clock.advance(60 * DAY);
    let site = site.reopened().await;
    let mut database = site.database().await;
    let after: Vec<(String, i64)> = sqlx::query_as(set_at)
        .fetch_all(&mut database)
        .await
        .unwrap();
    assert_eq!(after, before);
    assert_eq!(site.vault.sweep().await.unwrap(), 0, "history is not told");
    site.clock.advance(10 * DAY);
    assert_eq!(site.vault.sweep().await.unwrap(), 1);
}

/// An address confirmed before Keyhold recorded the opener of a link stays its owner's: a reset expires no key.
#[tokio::test]
async fn an_address_that_was_confirmed_stays_its_owners() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    site.member("b@example.com").await;
    site.member("c@example.com").await;
    let mut database = site.database().await;
    site.vault.close().await;
    for undo in [
        "UPDATE accounts SET confirmed_at = 7 WHERE email <> 'b@example.com'",
        // A reset confirmed c, and left the keys good that a stranger may have made.
        "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
         SELECT 1000, 7, id, 'account.password_reset', '', '', NULL, '' FROM accounts WHERE email = 'c@example.com'",
        "ALTER TABLE accounts DROP COLUMN owned_at",
        "DELETE FROM _sqlx_migrations WHERE version = 11",
    ] {
        sqlx::query(undo).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let site = site.reopened().await;
    let owners: Vec<(String, Option<i64>)> =
        sqlx::query_as("SELECT email, owned_at FROM accounts ORDER BY email")
            .fetch_all(&mut site.database().await)
            .await
            .unwrap();
    let expected = [
        ("a@example.com".to_owned(), Some(7)),
        ("b@example.com".to_owned(), None),
        ("c@example.com".to_owned(), None),
    ];
    assert_eq!(owners, expected);
}

/// Hours from before accounts had hours of their own are still shown, those of deleted keys for their account.
#[tokio::test]
async fn hours_of_an_older_database_are_kept() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let second = site.key(&member, "second", "90d").await;
    let mut database = site.database().await;
    site.vault.close().await;
    let older = include_str!("../../../migrations/0003_usage.sql");
    let (_, older) = older.split_once("CREATE TABLE usage_hours").unwrap();
    let (older, _) = older.split_once("-- When a key was last").unwrap();
    let before = format!("CREATE TABLE usage_hours {older}");
    for undo in [
        "DROP TABLE key_hours",
        "DROP TABLE account_hours",
        "DELETE FROM _sqlx_migrations WHERE version = 4",
        &before,
    ] {
        let undo = AssertSqlSafe(undo);
        sqlx::raw_sql(undo).execute(&mut database).await.unwrap();
    }
    let [default, second] = [&member.default_key, &second].map(|key| key.access_key.to_string());
    let counted = [
        (default.as_str(), 0, 1, 2),
        (&default, 1, 10, 20),
        (&second, 1, 100, 200),
        ("kh_gone", 1, 1_000, 2_000),
    ];
    for (key, hour, accepted, refused) in counted {
        sqlx::query("INSERT INTO usage_hours VALUES ($1, $2, $3, $4, $5)")
            .bind(key)
            .bind(NOON / HOUR + hour)
            .bind(&member.actor.account().id)
            .bind(accepted)
            .bind(refused)
            .execute(&mut database)
            .await
            .unwrap();
    }
    database.close().await.unwrap();
    let site = site.reopened().await;
    let mut database = site.database().await;
    assert_eq!(
        hours(&mut database, &member.default_key).await,
        [(0, 1, 2), (1, 10, 20)]
    );
    let of_all = account_hours(&mut database, &member).await;
    assert_eq!(of_all, [(0, 1, 2), (1, 1_110, 2_220)]);
}
/// A migration leaves a copy to go back to.
#[tokio::test]
async fn a_migration_leaves_a_copy_of_what_it_found() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut database = site.database().await;
    for undo in [
        "DROP INDEX outbox_by_end",
        "DELETE FROM _sqlx_migrations WHERE version = 10",
    ] {
        sqlx::query(undo).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&member.default_key), "good");
    let (version,): (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut site.database().await)
        .await
        .unwrap();
    let copy = site
        .folder
        .path()
        .join(format!("keyhold.db.before-schema-{version}"));
    let address = format!("sqlite://{}?mode=ro", copy.display());
    let mut copied = sqlx::SqliteConnection::connect(&address).await.unwrap();
    let (before, keys): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM _sqlx_migrations WHERE version = 10), (SELECT COUNT(*) FROM api_keys)",
    )
    .fetch_one(&mut copied)
    .await
    .unwrap();
    assert_eq!((before, keys), (0, 1));
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

//! Equality of texts that look alike: stored, searched, sorted, and typed to delete a key.

use shared::list::{ListQuery, Sort};
use vault::test_support::{Fixture, Member, PASSWORD, newcomer};
use vault::{Caller, Error};

async fn found(fixture: &Fixture, member: &Member, search: &str) -> Vec<String> {
    let query = ListQuery {
        search: search.to_owned(),
        sort: Sort::parse("name"),
        ..ListQuery::default()
    };
    let page = fixture.vault.list_keys(member.actor.account(), &query);
    let keys = page.await.unwrap().keys.into_iter();
    keys.map(|key| key.name)
        .filter(|name| name != "Default key")
        .collect()
}

#[tokio::test]
async fn names_are_searched_and_sorted_as_they_are_seen() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    for name in ["Zebra", "A\u{308}rger", "apfel", "Ada’s  key", "Öl"] {
        fixture.key(&member, name, "never").await;
    }
    assert_eq!(
        found(&fixture, &member, "").await,
        ["Ada’s key", "apfel", "Ärger", "Öl", "Zebra"]
    );
    for search in ["ärger", "A\u{308}RGER", "arger"] {
        assert_eq!(
            found(&fixture, &member, search).await,
            ["Ärger"],
            "{search}"
        );
    }
    for search in ["ada's key", "ADA’S\u{a0}KEY", "a's  ke"] {
        assert_eq!(found(&fixture, &member, search).await, ["Ada’s key"]);
    }
    assert!(found(&fixture, &member, "100%").await.is_empty());
}

/// A key that an earlier version stored with invisible blanks is found, sorted and deleted by the name that pages show.
#[tokio::test]
async fn a_key_of_an_earlier_version_is_deleted_by_the_name_that_is_shown() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let key = fixture.key(&member, "billing", "never").await;
    let mut database = fixture.database().await;
    for statement in [
        "UPDATE api_keys SET name = 'Mo\u{308}wen  cron', folded = 'mo\u{308}wen  cron' WHERE name = 'billing'",
        "DELETE FROM foldings",
    ] {
        let done = sqlx::query(statement).execute(&mut database).await;
        done.unwrap();
    }
    drop(database);
    let fixture = fixture.reopened().await;
    assert_eq!(found(&fixture, &member, "möwen cron").await.len(), 1);
    let delete = |name: &'static str| {
        let (vault, actor) = (fixture.vault.clone(), member.actor.clone());
        let key = key.access_key.to_string();
        async move { vault.delete_key(&actor, &key, name).await }
    };
    assert!(matches!(delete("möwen cron").await, Err(Error::Invalid(_))));
    delete(" Möwen cron ").await.unwrap();
}

/// The names of all keys are prepared again, in batches, however many there are.
#[tokio::test]
async fn the_names_of_many_keys_are_prepared_again() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", "never").await;
    let mut database = fixture.database().await;
    for statement in [
        "INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id, created_at, expires_at,
                               expiration_set_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         SELECT 'kh_' || (1000000000000000 + i), account_id, 'Key ' || i, '', 'old', digest, pepper_id,
                created_at, expires_at, expiration_set_at
         FROM api_keys, n WHERE name = 'billing'",
        "DELETE FROM foldings",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    let fixture = fixture.reopened().await;
    let (left,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM api_keys WHERE folded = 'old'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(fixture.vault.key_count(), 2_502);
}

#[tokio::test]
async fn an_address_in_other_letters_is_one_account() {
    let fixture = Fixture::new().await;
    let member = fixture.member("user@exämple.com").await;
    assert_eq!(member.actor.account().email, "user@xn--exmple-cua.com");
    let caller = Caller::default();
    for typed in ["user@exa\u{308}mple.com", "USER@xn--exmple-cua.com"] {
        assert!(
            fixture
                .vault
                .sign_in(&caller, typed, PASSWORD)
                .await
                .is_ok()
        );
    }
    let refused = fixture
        .vault
        .sign_up(&caller, newcomer("üser@example.com"))
        .await;
    assert!(vault::test_support::messages(refused).contains("'ü'"));
}

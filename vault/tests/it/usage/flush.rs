//! Usage flushes: the counts in the database are exact.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use shared::problem::Code;
use sqlx::AnyConnection;
use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, SECOND, expire};
use vault::{Caller, NewKey, Vault};

pub fn headers(key: &NewKey, agent: &str) -> HeaderMap {
    let word = format!("Bearer {}.{}", key.access_key, key.secret_key.expose());
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&word).unwrap());
    headers.insert(USER_AGENT, HeaderValue::from_str(agent).unwrap());
    headers
}

pub fn from(last: u8) -> Caller {
    Caller {
        address: Some(IpAddr::from([192, 0, 2, last])),
        ..Caller::default()
    }
}

/// Makes a call that is accepted, or rejected because the key has expired; returns whether it was accepted.
pub fn call(vault: &Vault, key: &NewKey, last: u8, agent: &str) -> bool {
    match vault.keys().verify(&headers(key, agent), &from(last)) {
        Ok(_) => true,
        Err(rejection) => {
            assert_eq!(rejection.code(), Code::KeyExpired);
            false
        }
    }
}

/// Returns hour, accepted and refused calls of a key.
pub async fn hours(database: &mut AnyConnection, key: &NewKey) -> Vec<(i64, i64, i64)> {
    sqlx::query_as(
        "SELECT hour - $2, accepted, refused FROM key_hours WHERE access_key = $1 ORDER BY hour",
    )
    .bind(key.access_key.to_string())
    .bind(NOON / HOUR)
    .fetch_all(database)
    .await
    .unwrap()
}

/// Returns the same for an account, including the calls of its deleted keys.
pub async fn account_hours(database: &mut AnyConnection, member: &Member) -> Vec<(i64, i64, i64)> {
    sqlx::query_as(
        "SELECT hour - $2, accepted, refused FROM account_hours WHERE account_id = $1 ORDER BY hour",
    )
    .bind(&member.actor.account().id)
    .bind(NOON / HOUR)
    .fetch_all(database)
    .await
    .unwrap()
}

/// Returns address, agent, last seen and last refused in seconds after noon; the latest first.
pub async fn callers(
    database: &mut AnyConnection,
    key: &NewKey,
) -> Vec<(String, String, i64, Option<i64>)> {
    sqlx::query_as(
        "SELECT address, agent, (seen_at - $2) / 1000, (refused_at - $2) / 1000 FROM callers
         WHERE access_key = $1 ORDER BY seen_at DESC, address",
    )
    .bind(key.access_key.to_string())
    .bind(NOON)
    .fetch_all(database)
    .await
    .unwrap()
}

pub async fn used_at(database: &mut AnyConnection, key: &NewKey) -> Option<i64> {
    sqlx::query_scalar("SELECT used_at FROM last_uses WHERE access_key = $1")
        .bind(key.access_key.to_string())
        .fetch_optional(database)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_call_is_written_with_its_hour_and_its_caller() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let never = site.key(&member, "never called", "90d").await;
    assert!(call(&site.vault, &key, 1, "curl/8"));
    site.clock.advance(10 * SECOND);
    assert!(call(&site.vault, &key, 1, "curl/8"));
    assert!(call(&site.vault, &key, 2, "python"));
    site.vault.flush_usage().await.unwrap();
    site.clock.advance(HOUR);
    expire(&site.vault, &member, &key.access_key.to_string()).await;
    assert!(!call(&site.vault, &key, 2, "python"));
    site.vault.flush_usage().await.unwrap();
    // Nothing was counted since, so the flush adds nothing.
    site.vault.flush_usage().await.unwrap();

    let mut database = site.database().await;
    assert_eq!(hours(&mut database, &key).await, [(0, 3, 0), (1, 0, 1)]);
    assert_eq!(used_at(&mut database, &key).await, Some(NOON + 10 * SECOND));
    let caller = |address: &str, agent: &str, seen, refused| {
        (address.to_owned(), agent.to_owned(), seen, refused)
    };
    assert_eq!(
        callers(&mut database, &key).await,
        [
            caller("192.0.2.2", "python", 3_610, Some(3_610)),
            caller("192.0.2.1", "curl/8", 10, None),
        ]
    );
    assert!(hours(&mut database, &never).await.is_empty());
    assert_eq!(used_at(&mut database, &never).await, None);
}

/// A call with a wrong secret leaves no trace on the key, and a rejected call is no use of it.
#[tokio::test]
async fn only_the_right_secret_counts() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let (key, other) = (
        site.key(&member, "a", "90d").await,
        site.key(&member, "b", "90d").await,
    );
    let word = format!("{}.{}", key.access_key, other.secret_key.expose());
    let mut mixed = HeaderMap::new();
    mixed.insert("x-api-key", HeaderValue::from_str(&word).unwrap());
    let rejected = |headers: &HeaderMap| {
        let keys = site.vault.keys();
        keys.verify(headers, &from(1)).unwrap_err().code()
    };
    assert_eq!(rejected(&mixed), Code::KeyInvalid);
    assert_eq!(rejected(&HeaderMap::new()), Code::CredentialsMissing);
    site.vault.flush_usage().await.unwrap();
    let mut database = site.database().await;
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM key_hours) + (SELECT COUNT(*) FROM account_hours) + (SELECT COUNT(*) FROM callers)
              + (SELECT COUNT(*) FROM last_uses)",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!(rows, 0);
    let decisions = site.vault.decisions();
    let expected = [
        ("good", 0),
        ("credentials_missing", 1),
        ("credentials_malformed", 0),
        ("key_invalid", 1),
        ("key_expired", 0),
        ("account_suspended", 0),
        ("unavailable", 0),
    ];
    assert_eq!(decisions.by_code, expected);
    assert_eq!(decisions.count, 2);
}

/// Sixteen threads call during continuous flushes: no call is lost or counted twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_are_exact_under_load() {
    const CALLS: i64 = 2_000;
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let mut keys = Vec::new();
    for number in 0..4 {
        keys.push(site.key(&member, &format!("k{number}"), "90d").await);
    }
    let expired = site.key(&member, "expired", "90d").await;
    expire(&site.vault, &member, &expired.access_key.to_string()).await;
    keys.push(expired);
    let keys = Arc::new(keys);
    let threads: Vec<_> = (0..16_u8)
        .map(|thread| {
            let (vault, keys) = (site.vault.clone(), keys.clone());
            std::thread::spawn(move || {
                for number in 0..CALLS {
                    let key = usize::try_from(number).unwrap() % keys.len();
                    call(&vault, &keys[key], thread % 3, "load");
                }
            })
        })
        .collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        site.vault.flush_usage().await.unwrap();
        tokio::task::yield_now().await;
    }
    for thread in threads {
        thread.join().unwrap();
    }
    site.vault.flush_usage().await.unwrap();
    let mut database = site.database().await;
    let each = 16 * CALLS / 5;
    for key in &keys[..4] {
        assert_eq!(hours(&mut database, key).await, [(0, each, 0)]);
        assert_eq!(callers(&mut database, key).await.len(), 3);
    }
    assert_eq!(hours(&mut database, &keys[4]).await, [(0, 0, each)]);
    let of_all = account_hours(&mut database, &member).await;
    assert_eq!(of_all, [(0, 4 * each, each)]);
}

/// The last five callers survive any number of flushes, and those of another key stay untouched.
#[tokio::test]
async fn five_callers_are_kept() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let (busy, quiet) = (
        site.key(&member, "busy", "90d").await,
        site.key(&member, "quiet", "90d").await,
    );
    call(&site.vault, &quiet, 200, "curl");
    for last in 0..12 {
        site.clock.advance(SECOND);
        call(&site.vault, &busy, last, "curl");
        if last % 4 == 3 {
            site.vault.flush_usage().await.unwrap();
        }
    }
    let mut database = site.database().await;
    let kept: Vec<String> = callers(&mut database, &busy)
        .await
        .into_iter()
        .map(|(address, ..)| address)
        .collect();
    let expected = [11, 10, 9, 8, 7].map(|last| format!("192.0.2.{last}"));
    assert_eq!(kept, expected);
    assert_eq!(callers(&mut database, &quiet).await.len(), 1);
}

/// A caller that calls again after a flush displaces no other, and new callers displace those that called longest ago,
/// in whichever flush they come.
#[tokio::test]
async fn callers_change_from_flush_to_flush() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let mut database = site.database().await;
    let rounds: [(&[u8], &[u8]); 6] = [
        (&[1, 2, 3, 4, 5], &[5, 4, 3, 2, 1]),
        (&[1], &[1, 5, 4, 3, 2]),
        (&[1], &[1, 5, 4, 3, 2]),
        (&[6], &[6, 1, 5, 4, 3]),
        (&[1], &[1, 6, 5, 4, 3]),
        (&[3, 2], &[2, 3, 1, 6, 5]),
    ];
    for (lasts, expected) in rounds {
        for last in lasts {
            site.clock.advance(SECOND);
            call(&site.vault, &key, *last, "curl");
        }
        site.vault.flush_usage().await.unwrap();
        let kept = callers(&mut database, &key).await.into_iter();
        let kept: Vec<String> = kept.map(|(address, ..)| address).collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|last| format!("192.0.2.{last}"))
            .collect();
        assert_eq!(kept, expected);
    }
}

/// A flush writes more keys than fit into one statement.
#[tokio::test]
async fn many_keys_are_written_in_one_flush() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut keys = Vec::new();
    for number in 0..97 {
        keys.push(site.key(&member, &format!("k{number}"), "90d").await);
    }
    for key in &keys {
        assert!(call(&site.vault, key, 1, "curl"));
        assert!(call(&site.vault, key, 2, "curl"));
    }
    site.vault.flush_usage().await.unwrap();
    let mut database = site.database().await;
    for key in &keys {
        assert_eq!(hours(&mut database, key).await, [(0, 2, 0)]);
        assert_eq!(callers(&mut database, key).await.len(), 2);
        assert_eq!(used_at(&mut database, key).await, Some(NOON));
    }
}

/// Charts show thirty days; older hours are removed.
#[tokio::test]
async fn old_hours_are_removed() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "never").await;
    call(&site.vault, &key, 1, "curl");
    site.vault.flush_usage().await.unwrap();
    let mut database = site.database().await;
    site.clock.advance(35 * DAY);
    let prune = |now| site.vault.prune_usage(now);
    assert!(!prune(NOON + 35 * DAY).await.unwrap());
    assert_eq!(hours(&mut database, &key).await.len(), 1);
    assert!(!prune(NOON + 35 * DAY + HOUR).await.unwrap());
    assert!(hours(&mut database, &key).await.is_empty());

    // In batches, so that no other writer waits long for its turn.
    let many =
        "WITH RECURSIVE n (hour) AS (SELECT 1 UNION ALL SELECT hour + 1 FROM n WHERE hour < 2500)";
    for into in [
        "INSERT INTO key_hours SELECT $1, hour, 1, 0 FROM n",
        "INSERT INTO account_hours SELECT account_id, hour, 1, 0 FROM n, api_keys WHERE access_key = $1",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("{many} {into}")))
            .bind(key.access_key.to_string())
            .execute(&mut database)
            .await
            .unwrap();
    }
    for (more, left) in [(true, 1_500), (true, 500), (false, 0)] {
        assert_eq!(prune(NOON).await.unwrap(), more);
        assert_eq!(hours(&mut database, &key).await.len(), left);
        assert_eq!(account_hours(&mut database, &member).await.len(), left);
    }
}

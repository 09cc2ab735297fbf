//! A clock that ran ahead: what operators did by it is dated back when the machine's clock is accepted.

use vault::operators::once::Once;
use vault::operators::scope::Scope;
use vault::operators::token::NewToken;
use vault::test_support::{DAY, Fixture, HOUR, NOON};

use super::{named, operator};
use crate::start::clock::accepted;

#[tokio::test]
async fn an_accepted_clock_dates_back_what_operators_did() {
    let site = Fixture::new().await;
    site.leave_mail();
    site.clock.advance(400 * DAY);
    let by = operator(&site).await;
    let once = Once {
        request: "POST /accounts 1".to_owned(),
        body: b"{}".to_vec(),
    };
    let made = site.vault.create_account(&by, named("org/1"), Some(once));
    made.await.unwrap();
    let suspended = site.vault.suspend(&by, "ext:org/1", "overdue", None);
    suspended.await.unwrap();
    let new = NewToken {
        name: "brief".to_owned(),
        scopes: vec![Scope::KeysRead],
        expiry: "1d".to_owned(),
    };
    let made = site.vault.create_token(&by, new, None).await.unwrap().body;
    let brief = made["id"].as_str().unwrap();
    site.vault.revoke_token(&by, brief).await.unwrap();

    let right = NOON + 2 * HOUR;
    let site = accepted(site, right).await;
    site.leave_mail();
    let mut database = site.database().await;
    let (suspended, answered): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT suspended_at FROM accounts WHERE external_id = 'org/1'), (SELECT created_at FROM idempotency_keys)",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!((suspended, answered), (right, right));
    let tokens: Vec<(i64, Option<i64>, Option<i64>, i64)> = sqlx::query_as(
        "SELECT created_at, revoked_at, last_used_at, expires_at FROM operator_tokens ORDER BY expires_at",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    // A token that was made ahead of time is good for as long as it was given, not for the leap as well.
    let expected = [
        (right, Some(right), None, right + DAY),
        (right, None, Some(right), right + 366 * DAY),
    ];
    assert_eq!(tokens, expected);
}

//! What shows in SQLite's counters.

use sqlx::Row;
use vault::Caller;
use vault::test_support::Fixture;

/// A reset costs the same for an address with and without an account, and writes nothing before the answer: otherwise
/// the time of a client's next write would tell them apart.
#[tokio::test]
async fn a_reset_request_writes_after_the_answer_with_or_without_an_account() {
    let site = Fixture::new().await;
    site.leave_mail();
    site.member("a@example.com").await;
    let mut database = site.database().await;
    // It changes with each commit of another connection.
    let mut version = async || -> i64 {
        let row = sqlx::query("PRAGMA data_version")
            .fetch_one(&mut database)
            .await;
        row.unwrap().get(0)
    };
    for email in ["a@example.com", "unknown@example.com"] {
        let before = version().await;
        let mut handled = site
            .vault
            .request_reset(&Caller::default(), email)
            .await
            .unwrap();
        assert!(handled.try_recv().is_err(), "{email}: answered first");
        handled.await.unwrap();
        assert_ne!(version().await, before, "{email}: then a commit");
    }
}

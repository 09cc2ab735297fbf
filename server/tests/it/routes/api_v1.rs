//! The REST API under `/v1`.

use crate::fixture::Site;

/// A2: the API answers with the account of the key and no other.
#[tokio::test]
async fn the_api_shows_the_keys_own_account() {
    let site = Site::new().await;
    site.leave_mail();
    let (one, two) = (
        site.member("one@example.com").await,
        site.member("two@example.com").await,
    );
    two.create("theirs", "never").await;
    let word = one.key.as_ref().unwrap().word();
    let keys = site
        .ask(
            "GET",
            "/v1/keys?account_id=acc_0&q=",
            &[("x-api-key", &word)],
        )
        .await
        .json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["name"], "Default key");
    assert_eq!(keys["keys"][0]["expires_at"], serde_json::Value::Null);
    let account = site
        .ask("GET", "/v1/account", &[("x-api-key", &word)])
        .await
        .json();
    assert_eq!(account["email"], "one@example.com");
    let posted = site.ask("POST", "/v1/keys", &[("x-api-key", &word)]).await;
    assert_eq!(
        (posted.status.as_u16(), posted.text("code").as_str()),
        (405, "method_not_allowed")
    );
    let nothing = site
        .ask("GET", "/v1/nothing", &[("x-api-key", &word)])
        .await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.text("code").as_str()),
        (404, "not_found")
    );
}

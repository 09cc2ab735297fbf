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

/// A program that mistypes a value would take every key for the ones it asked for.
#[tokio::test]
async fn the_list_of_keys_refuses_unknown_values_and_ends_after_its_last_page() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("one@example.com").await;
    let word = member.key.as_ref().unwrap().word();
    let list = async |query: &str| {
        let address = format!("/v1/keys?{query}");
        site.ask("GET", &address, &[("x-api-key", &word)]).await
    };
    for (query, named) in [
        ("status=bogus", "status"),
        ("status=Active", "status"),
        ("show=all", "show"),
        ("sort=-", "sort"),
        ("sort=color", "sort"),
        ("page=first", "page"),
        ("page=-1", "page"),
        ("page=0", "page"),
    ] {
        let answer = list(query).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text("code").as_str()),
            (400, "bad_request"),
            "{query}"
        );
        assert!(answer.text("detail").contains(named), "{query}");
        assert!(answer.text("type").ends_with("/developers#bad_request"));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("www-authenticate"), "", "{query}");
    }
    for query in [
        "",
        "status=&show=&sort=&page=",
        "status=active&sort=-name&page=1",
    ] {
        assert_eq!(
            list(query).await.json()["keys"].as_array().unwrap().len(),
            1
        );
    }
    for page in ["2", "999", "99999999999999999999"] {
        let answer = list(&format!("page={page}")).await;
        assert_eq!(answer.status, 200, "{page}");
        let answer = answer.json();
        assert_eq!(answer["keys"], serde_json::json!([]), "{page}");
        assert_eq!(answer["pages"], 1, "{page}");
        assert_eq!(answer["counts"]["active"], 1, "{page}");
    }
    // The page for people stays lenient.
    let page = member
        .get("/preferences/api-control?status=bogus&page=999")
        .await;
    assert!(page.status == 200 && page.body.contains("Default key"));
}

/// The sentence for two headers says what is wrong: not the key.
#[tokio::test]
async fn credentials_in_two_headers_are_named() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("one@example.com").await;
    let key = member.key.as_ref().unwrap();
    let (word, basic) = (key.word(), key.basic());
    for path in ["/verify", "/v1/account"] {
        let headers = [("x-api-key", word.as_str()), ("authorization", &basic)];
        let answer = site.ask("GET", path, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text("code").as_str()),
            (400, "credentials_malformed")
        );
        assert!(answer.text("detail").contains("more than one header"));
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
}

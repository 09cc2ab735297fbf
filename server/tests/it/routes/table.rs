//! The functions behind the table of keys: its filters, its layout, the calls of a key, and the key of a pasted secret.

use crate::fixture::Site;

#[tokio::test]
async fn the_list_takes_words_and_filters() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let key = member.create("billing worker eu", "never").await;
    member.create("billing worker us", "30d").await;
    let names = async |fields: &[(&str, &str)]| {
        let list = member.call("keys/list", fields).await.json();
        let keys = list["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[("q", "EU billing")]).await, ["billing worker eu"]);
    let never = [("q", "billing"), ("show", "never_expires")];
    assert_eq!(names(&never).await, ["billing worker eu"]);
    assert_eq!(names(&[("show", "idle")]).await, [""; 0]);
    let basic = key.basic();
    let program = [("authorization", basic.as_str())];
    let listed = site
        .ask("GET", "/v1/keys?show=never_expires&q=us+eu", &program)
        .await;
    assert_eq!(listed.json()["counts"]["active"], 0);
}

#[tokio::test]
async fn the_layout_of_the_table_is_saved() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let layout = async || {
        let list = member.call("keys/list", &[]).await.json();
        (list["size"].clone(), list["columns"]["created"].clone())
    };
    assert_eq!(layout().await, (50.into(), false.into()));
    let saved = member.call("account/table", &[("page_size", "25"), ("created", "on")]);
    assert_eq!(saved.await.status, 200);
    assert_eq!(layout().await, (25.into(), true.into()));
    let form = member.post("account/table", &[("page_size", "100")]).await;
    assert_eq!(form.status, 303);
    assert_eq!(layout().await, (100.into(), false.into()));
    let refused = member.call("account/table", &[("page_size", "7")]).await;
    let message = &refused.json()["fields"]["page_size"];
    assert_eq!(message, "Choose 25, 50 or 100 keys on a page.");
    assert_eq!(layout().await, (100.into(), false.into()));
}

#[tokio::test]
async fn a_key_has_its_calls_by_range() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let key = member.create("k", "never").await;
    for (range, count) in [("24h", 24), ("7d", 7), ("30d", 30), ("90d", 90), ("", 30)] {
        let fields = [("access_key", key.access.as_str()), ("range", range)];
        let calls = member.call("keys/calls", &fields).await.json();
        assert_eq!(calls.as_array().unwrap().len(), count, "{range}");
        assert_eq!(calls[0]["accepted"], 0);
    }
    let unknown = [("access_key", "kh_0000000000000000")];
    assert_eq!(member.call("keys/calls", &unknown).await.status, 404);
}

/// No answer repeats the secret, in a page neither.
#[tokio::test]
async fn a_pasted_secret_leads_to_its_key() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let stranger = site.member("b@example.com").await;
    let key = member.create("staging", "never").await;
    let pair = format!("{}:{}", key.access, key.secret);
    for pasted in [&key.secret, &pair] {
        let answer = member.call("keys/which", &[("secret", pasted)]).await;
        assert_eq!(answer.json()["key"]["access_key"], key.access.as_str());
        assert_eq!(
            answer.text("sentence"),
            "That is the secret key of staging."
        );
        assert!(!answer.body.contains(&key.secret));
    }
    let answer = stranger
        .call("keys/which", &[("secret", &key.secret)])
        .await;
    assert!(answer.json()["key"].is_null(), "{}", answer.body);
    let part = &key.secret[..40];
    let refused = member.call("keys/which", &[("secret", part)]).await;
    assert_eq!(refused.text("code"), "invalid");
    assert!(!refused.body.contains(part));
    let form = member.post("keys/which", &[("secret", part)]).await;
    assert!(!form.body.contains(part));
}

/// The dialog is the account's own, and its texts are escaped.
#[tokio::test]
async fn the_question_before_a_deletion_is_answered_to_the_owner_only() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let stranger = site.member("b@example.com").await;
    let key = member.create("<b>staging", "never").await;
    let of_key = [("access_key", key.access.as_str())];
    let answer = member.call("keys/deletion", &of_key).await;
    assert_eq!(answer.status, 200);
    let html = answer.json().as_str().unwrap_or_default().to_owned();
    assert!(
        html.contains("&lt;b&gt;staging") && !html.contains("<b>"),
        "{html}"
    );
    assert!(html.contains("It has never been used."), "{html}");
    let refused = stranger.call("keys/deletion", &of_key).await;
    assert_eq!(refused.status, 404);
}

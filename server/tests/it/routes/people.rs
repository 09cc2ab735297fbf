//! The company's people, where sessions of portal links did something in their names.

use serde_json::json;
use shared::capability::Capabilities;

use super::capabilities::visit;
use super::portal::visitor;
use crate::fixture::Site;

/// The person stands in the trail, in the history, and on the key, by the label that the last link had.
#[tokio::test]
async fn a_person_is_named_where_it_did_something() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let browser = visit(&site, &operator, "org_1", Capabilities::all()).await;
    let key = browser.create("mine", "30d").await;
    let path = format!("/keys/{}", key.access);
    let made_by = json!({"external_id": "user_7", "label": "user_7@acme.example"});
    assert_eq!(operator.get(&path).await.json()["made_by"], made_by);
    let entry = operator
        .get("/audit?actor=user_7&action=key.created")
        .await
        .json()["data"][0]
        .clone();
    assert_eq!(entry["actor_kind"], "portal");
    assert_eq!(entry["actor_id"], "user_7");
    assert_eq!(entry["actor_label"], "user_7@acme.example");
    assert_eq!(entry["subject"], key.access);
    let portal = operator.get("/audit?actor=portal&limit=200").await.json();
    let all = portal["data"].as_array().unwrap();
    assert!(
        all.iter().all(|entry| entry["actor_kind"] == "portal"),
        "{portal}"
    );
    let page = browser
        .get(&format!("/preferences/api-control/{}", key.access))
        .await
        .body;
    assert!(page.contains("by user_7@acme.example"), "the history");
    let made_by = page.split("Made by").nth(1).unwrap_or_default();
    assert!(made_by.contains("user_7@acme.example"), "{page}");

    // Another person of the same company, and the first by another address.
    let body = json!({
        "account": {"external_id": "org_1"},
        "actor": {"external_id": "user_8", "label": "<b>user_8"},
    });
    let other = visitor(&site, &operator, body).await;
    let second = other.create("theirs", "30d").await;
    let found = async |person: &str| {
        let keys = operator
            .get(&format!("/keys?made_by={person}"))
            .await
            .json();
        let keys = keys["data"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["access_key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("user_7").await, [key.access.as_str()]);
    assert_eq!(found("user_8").await, [second.access.as_str()]);
    assert_eq!(found("user_9").await, [""; 0]);
    let body = json!({
        "account": {"external_id": "org_1"},
        "actor": {"external_id": "user_7", "label": "ada@acme.example"},
    });
    let renamed = visitor(&site, &operator, body).await;
    let page = renamed
        .get(&format!("/preferences/api-control/{}", key.access))
        .await
        .body;
    assert!(page.contains("by ada@acme.example") && !page.contains("user_7@"));
    let page = renamed
        .get(&format!("/preferences/api-control/{}", second.access))
        .await
        .body;
    assert!(page.contains("&lt;b&gt;user_8") && !page.contains("<b>user_8"));

    // What an operator or an own sign-in makes has no person.
    let account = operator.get("/accounts/ext:org_1").await.text("id");
    let made = operator.key(&account, "ours", "30d").await;
    let made = operator.get(&format!("/keys/{}", made.access)).await.json();
    assert_eq!(made["made_by"], serde_json::Value::Null);
}

/// The owner of an account reads who came in by a link of the company, and who ended that.
#[tokio::test]
async fn the_history_of_an_account_tells_who_came_in_by_a_link() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let owner = site.member("a@example.com").await;
    let found = operator.get("/accounts?q=a@example.com").await.json();
    let id = found["data"][0]["id"].as_str().unwrap().to_owned();
    let named = json!({"external_id": "org_1"});
    let path = format!("/accounts/{id}");
    assert_eq!(operator.patch(&path, named).await.status, 200);
    let ada = json!({
        "account": {"external_id": "org_1"},
        "actor": {"external_id": "user_7", "label": "Ada <Acme>"},
    });
    let unused = operator.post("/portal-sessions", ada.clone()).await;
    let history = async || {
        let page = owner.get("/preferences/account").await.body;
        let (_, section) = page.split_once("id=\"history\"").unwrap();
        section.split("</section>").next().unwrap().to_owned()
    };
    let told = async |text: &str| history().await.matches(text).count();
    assert_eq!(told("Signed in by a link").await, 0, "not used yet");
    let path = format!("/portal-sessions/{}", unused.text("id"));
    assert_eq!(operator.delete(&path).await.status, 204);
    assert_eq!(
        told("Access of Ada &lt;Acme&gt; ended by First token").await,
        1
    );

    let session = visitor(&site, &operator, ada).await;
    assert_eq!(told("Signed in by a link of First token").await, 1);
    assert_eq!(told("by Ada &lt;Acme&gt;").await, 1, "{}", history().await);
    let fields = [("time_zone", "Europe/Berlin"), ("warning_days", "20")];
    let saved = session.call("account/preferences", &fields).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    assert_eq!(told("by Ada &lt;Acme&gt;").await, 2, "{}", history().await);
    let end = "/accounts/ext:org_1/end-sessions";
    operator.post(end, json!({"actor": "user_7"})).await;
    assert_eq!(
        told("Access of Ada &lt;Acme&gt; ended by First token").await,
        2
    );

    // Without a person, it is not the owner who came.
    visitor(
        &site,
        &operator,
        json!({"account": {"external_id": "org_1"}}),
    )
    .await;
    assert_eq!(told("Signed in by a link of First token").await, 2);
    operator.post(end, json!({})).await;
    let (desk, _) = site.desk("anna", &["accounts:read", "audit:read"]).await;
    let staff = desk.get(&format!("/operator/accounts/{id}")).await.body;
    for text in [
        "Every session ended by First token",
        "Calendar address changed by First token",
    ] {
        assert!(staff.contains(text), "{text}: {staff}");
    }
}

/// However many visits there are, the changes stay in sight.
#[tokio::test]
async fn visits_do_not_crowd_out_the_changes_of_an_account() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1", "name": "Acme"}});
    let mut last = visitor(&site, &operator, body.clone()).await;
    for _ in 0..60 {
        last = visitor(&site, &operator, body.clone()).await;
    }
    let page = last.get("/preferences/account").await.body;
    assert!(page.contains("Created by First token"), "{page}");
    assert_eq!(page.matches("Signed in by a link").count(), 20);
}

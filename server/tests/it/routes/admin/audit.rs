//! The audit trail.

use serde_json::{Value, json};

use crate::fixture::Site;

#[tokio::test]
async fn each_act_of_an_operator_stands_in_the_trail() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await;
    let path = format!("/keys/{}", key.access);
    let named = [("x-request-id", "my-request")];
    operator
        .send("POST", &format!("{path}/expire"), &named, Some(json!({})))
        .await;
    operator
        .patch(&format!("/accounts/{id}"), json!({"name": "Acme"}))
        .await;
    operator
        .post(
            &format!("/accounts/{id}/suspend"),
            json!({"reason": "unpaid"}),
        )
        .await;
    operator
        .post(&format!("/accounts/{id}/resume"), json!({}))
        .await;
    operator.delete(&path).await;
    operator.delete(&format!("/accounts/{id}")).await;
    let trail = operator.get(&format!("/audit?account={id}")).await.json();
    let entries = trail["data"].as_array().unwrap();
    let actions: Vec<_> = entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "account.created",
            "key.created",
            "key.expired",
            "account.edited",
            "account.suspended",
            "account.resumed",
            "key.deleted",
            "account.deleted"
        ]
    );
    let tokens = operator.get("/tokens").await.json();
    for entry in entries {
        assert_eq!(entry["actor_kind"], "token");
        assert_eq!(entry["actor_id"], tokens["data"][0]["id"]);
        assert!(entry["request_id"].is_string());
    }
    assert_eq!(entries[2]["request_id"], "my-request");
    assert_eq!(entries[2]["subject"], *key.access);
    assert_eq!(entries[4]["detail"], "unpaid");

    let member = site.member("a@example.com").await;
    member.create("theirs", "never").await;
    let own = operator.get("/audit?actor=account").await.json();
    let own = own["data"].as_array().unwrap();
    assert!(
        own.iter()
            .all(|entry| entry["actor_kind"] == "account" && entry["actor_id"] == Value::Null)
    );
    assert!(own.iter().any(|entry| entry["action"] == "key.created"));
    let created = own.iter().find(|entry| entry["action"] == "key.created");
    assert!(created.unwrap()["request_id"].is_string());
    let one = operator.get("/audit?action=key.expired").await.json();
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_trail_can_be_followed_by_lines() {
    let site = Site::new().await;
    let operator = site.operator().await;
    for number in 0..3 {
        operator.account(&format!("org_{number}")).await;
    }
    let lines = [("accept", "application/x-ndjson")];
    let page = operator
        .send("GET", "/audit?action=account.created&limit=2", &lines, None)
        .await;
    assert_eq!(page.headers["content-type"], "application/x-ndjson");
    assert!(
        page.headers["link"]
            .to_str()
            .unwrap()
            .contains("action=account.created")
    );
    let entries: Vec<Value> = page
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 2);
    let after = &entries[1]["id"];
    let rest = operator
        .get(&format!("/audit?action=account.created&after={after}"))
        .await
        .json();
    assert_eq!(rest["data"][0]["detail"], "org_2");
    assert_eq!(rest["next"], Value::Null);
    let unwanted = [("accept", "application/x-ndjson;q=0")];
    let page = operator.send("GET", "/audit", &unwanted, None).await;
    assert_eq!(page.headers["content-type"], "application/json");
}

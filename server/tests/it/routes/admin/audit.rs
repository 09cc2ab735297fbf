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

/// The company looks for its own id, also when the account has another by now, or is gone.
#[tokio::test]
async fn the_trail_of_a_former_account_is_found_by_its_external_id() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await;
    operator
        .patch(&format!("/accounts/{id}"), json!({"external_id": "org_2"}))
        .await;
    operator.delete(&format!("/accounts/{id}")).await;
    let other = operator.account("org_2").await;
    operator.account("org_3").await;
    let trail = async |query: &str| {
        let page = operator.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()["data"].as_array().unwrap().clone()
    };
    let actions = |entries: &[Value]| -> Vec<String> {
        let actions = entries.iter().map(|entry| entry["action"].as_str());
        actions.map(|action| action.unwrap().to_owned()).collect()
    };
    let own = [
        "account.created",
        "key.created",
        "account.edited",
        "key.deleted",
        "account.deleted",
    ];
    let first = trail("account=ext:org_1").await;
    assert_eq!(actions(&first), own);
    let names: Vec<_> = first.iter().map(|entry| &entry["external_id"]).collect();
    let expected = [
        json!("org_1"),
        Value::Null,
        json!("org_2"),
        Value::Null,
        json!("org_2"),
    ];
    assert_eq!(names, expected.iter().collect::<Vec<_>>());
    assert_eq!(first[1]["subject"], *key.access);
    // Both had it, in one order and page by page.
    let second = trail("account=ext:org_2").await;
    assert_eq!(actions(&second)[..5], own);
    assert_eq!(second[5]["account_id"], *other);
    assert_eq!(second.len(), 6);
    let page = operator
        .get("/audit?account=ext:org_2&limit=4")
        .await
        .json();
    let rest = format!("account=ext:org_2&after={}", page["next"].as_str().unwrap());
    assert_eq!(
        actions(&trail(&rest).await),
        ["account.deleted", "account.created"]
    );
    let deleted = trail("account=ext:org_2&action=account.deleted").await;
    assert_eq!(deleted.len(), 1);
    let none = operator.get("/audit?account=ext:org_9").await;
    assert_eq!(none.status, 404);
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

//! Who may call what: a walk over the document finds every operation.

use serde_json::Value;

use super::refusal;
use crate::fixture::{BASE, Site};

const ALL: [&str; 7] = [
    "accounts:read",
    "accounts:write",
    "keys:read",
    "keys:write",
    "portal:create",
    "audit:read",
    "tokens:write",
];

/// Returns every operation of the document: method, path with ids that do not exist, and scope.
async fn operations(site: &Site) -> Vec<(String, String, String)> {
    let document = site.ask("GET", "/admin/v1/openapi.json", &[]).await.json();
    assert_eq!(document["openapi"].as_str().unwrap()[..4], *"3.1.");
    let (mut found, mut ids) = (Vec::new(), std::collections::BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("responses").is_none() {
                continue;
            }
            let id = operation["operationId"].to_string();
            assert!(ids.insert(id.clone()), "{id} twice");
            let scopes = &operation["security"][0]["operator_token"];
            let scope = scopes[0].as_str().unwrap().to_owned();
            let path = path
                .replace("{id}", "acc_0")
                .replace("{access_key}", "kh_0123456789abcdef");
            found.push((method.to_uppercase(), path, scope));
        }
    }
    assert!(found.len() >= 18, "{found:?}");
    found
}

#[tokio::test]
async fn every_operation_needs_a_token_with_its_scope() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.as_ref().unwrap().word();
    let stranger = operator.with("");
    let mut without = std::collections::HashMap::new();
    for scope in ALL {
        let others: Vec<_> = ALL.into_iter().filter(|other| *other != scope).collect();
        without.insert(scope.to_owned(), operator.operator(&others).await);
    }
    for (method, path, scope) in operations(&site).await {
        // Wrong input, so that nothing would change: the token is judged first.
        let body = (method == "POST" || method == "PATCH").then_some(Value::Bool(false));
        let what = format!("{method} {path}");
        let send = async |who: &crate::fixture::Operator<'_>| {
            who.send(&method, &path, &[], body.clone()).await
        };
        let anonymous = send(&stranger).await;
        assert_eq!(
            refusal(&anonymous),
            (401, "credentials_missing".to_owned()),
            "{what}"
        );
        assert!(anonymous.headers.contains_key("www-authenticate"), "{what}");
        let customer = send(&operator.with(key.clone())).await;
        assert_eq!(
            refusal(&customer),
            (401, "credentials_malformed".to_owned()),
            "{what}"
        );
        let lacking = send(&without[&scope]).await;
        assert_eq!(refusal(&lacking), (403, "forbidden".to_owned()), "{what}");
        assert_eq!(
            lacking.json()["missing_scopes"],
            serde_json::json!([scope]),
            "{what}"
        );
        let allowed = send(&operator.operator(&[&scope]).await).await;
        assert_ne!(allowed.status, 403, "{what}: {}", allowed.body);
        assert!(allowed.status.as_u16() < 500, "{what}: {}", allowed.body);
    }
}

#[tokio::test]
async fn a_token_that_expired_or_was_revoked_opens_nothing() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let other = operator.operator(&["keys:read"]).await;
    assert_eq!(other.get("/keys").await.status, 200);
    site.clock.advance(24 * 60 * 60 * 1000);
    let late = other.get("/keys").await;
    assert_eq!(refusal(&late), (401, "token_expired".to_owned()));
    // Only the holder of the token learns that.
    let wrong = other.with("kho_0000000000000000000000000000000000000000000000000");
    let wrong = wrong.get("/keys").await;
    assert_eq!(refusal(&wrong), (401, "credentials_malformed".to_owned()));

    let brief = operator.operator(&["keys:read"]).await;
    let tokens = operator.get("/tokens").await.json();
    let id = tokens["data"].as_array().unwrap().last().unwrap()["id"].clone();
    let revoke = format!("/tokens/{}", id.as_str().unwrap());
    assert_eq!(operator.delete(&revoke).await.status, 204);
    let revoked = brief.get("/keys").await;
    assert_eq!(refusal(&revoked), (401, "token_invalid".to_owned()));
    assert_eq!(operator.delete(&revoke).await.status, 404);
}

/// A token of the company is no key of a customer, in any carrier.
#[tokio::test]
async fn an_operators_token_opens_no_door_of_customers() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let account = operator.account("org_1").await;
    let key = operator.key(&account, "first", "never").await;
    let mixed = format!("{}.{}", key.access, operator.token);
    for carrier in [
        ("authorization", format!("Bearer {}", operator.token)),
        ("authorization", format!("Bearer {mixed}")),
        ("x-api-key", mixed.clone()),
        ("x-api-key", operator.token.clone()),
    ] {
        let header = [(carrier.0, carrier.1.as_str())];
        for path in ["/verify", "/v1/keys"] {
            assert_eq!(
                site.ask("GET", path, &header).await.status,
                401,
                "{carrier:?}"
            );
        }
    }
    let page = site
        .ask(
            "GET",
            "/preferences/api-control",
            &[("authorization", &format!("Bearer {}", operator.token))],
        )
        .await;
    assert_eq!(page.status, 303);
    assert!(
        page.headers["location"]
            .to_str()
            .unwrap()
            .starts_with("/sign-in")
    );
}

/// It is not served beside the pages then.
#[tokio::test]
async fn the_management_api_can_be_elsewhere() {
    let site = Site::apart(BASE).await;
    let operator = site.operator().await;
    for path in ["/keys", "/openapi.json"] {
        assert_eq!(operator.get(path).await.status, 404, "{path}");
    }
}

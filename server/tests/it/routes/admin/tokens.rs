//! Tokens of operators.

use serde_json::json;

use super::{errors, refusal};
use crate::fixture::Site;

#[tokio::test]
async fn a_token_is_shown_once_and_expires_within_a_year() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"name": "CI", "scopes": ["keys:read", "audit:read"], "expiry": "365d"});
    let made = operator.post("/tokens", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = made.text("token");
    assert!(token.starts_with("kho_") && token.len() == 53, "{token}");
    assert!(!site.fixture.stores(&token).await);
    let listed = operator.get("/tokens").await;
    assert!(!listed.body.contains("kho_"), "{}", listed.body);
    let data = listed.json()["data"].as_array().unwrap().clone();
    assert_eq!(data.len(), 2);
    let first = data.iter().find(|token| token["name"] == "First token");
    let first = first.unwrap();
    assert_eq!(first["scopes"].as_array().unwrap().len(), 7);
    assert!(first["last_used_at"].is_string());
    let made = data.iter().find(|token| token["name"] == "CI").unwrap();
    assert_eq!(made["scopes"], json!(["keys:read", "audit:read"]));
    for (body, pointer) in [
        (
            json!({"name": "", "scopes": ["keys:read"], "expiry": "1d"}),
            "/name",
        ),
        (
            json!({"name": "x", "scopes": [], "expiry": "1d"}),
            "/scopes",
        ),
        (
            json!({"name": "x", "scopes": ["all"], "expiry": "1d"}),
            "/scopes/0",
        ),
        (
            json!({"name": "x", "scopes": ["keys:read"], "expiry": "367d"}),
            "/expiry",
        ),
        (
            json!({"name": "x", "scopes": ["keys:read"], "expiry": "never"}),
            "/expiry",
        ),
        (
            json!({"name": "x", "scopes": ["keys:read"], "expiry": "2020-01-01"}),
            "/expiry",
        ),
        (json!({"name": "x", "scopes": ["keys:read"]}), "/expiry"),
    ] {
        let refused = operator.post("/tokens", body.clone()).await;
        assert_eq!(refusal(&refused), (422, "invalid".to_owned()), "{body}");
        assert_eq!(errors(&refused)[0].0, pointer, "{body}");
    }
}

/// Otherwise a token for tokens would be one for everything.
#[tokio::test]
async fn a_token_gives_no_scope_that_it_lacks() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let maker = operator.operator(&["tokens:write", "keys:read"]).await;
    let more = json!({"name": "x", "scopes": ["keys:read", "keys:write"], "expiry": "1d"});
    let refused = maker.post("/tokens", more).await;
    assert_eq!(refusal(&refused), (403, "forbidden".to_owned()));
    assert_eq!(refused.json()["missing_scopes"], json!(["keys:write"]));
    let same = json!({"name": "x", "scopes": ["keys:read"], "expiry": "1d"});
    assert_eq!(maker.post("/tokens", same).await.status, 201);
}

/// The file is made when no token could make others, and never brings a revoked one back.
#[tokio::test]
async fn the_first_token_is_made_when_there_is_no_way_in() {
    use vault::operators::first_token::FirstToken;
    let site = Site::new().await;
    let file = site.fixture.folder.path().join("operator-token");
    let ensure = async || site.vault.ensure_first_token(&file).await.unwrap().unwrap();
    assert_eq!(ensure().await, FirstToken::Made);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let first = std::fs::read_to_string(&file).unwrap();
    assert_eq!(ensure().await, FirstToken::Unneeded);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        ensure().await,
        FirstToken::Unneeded,
        "the token is still good"
    );
    assert!(!file.exists());

    std::fs::write(&file, &first).unwrap();
    let operator = site.operator().await;
    let tokens = operator.get("/tokens").await.json();
    let id = tokens["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(operator.delete(&format!("/tokens/{id}")).await.status, 204);
    assert_eq!(
        ensure().await,
        FirstToken::Unneeded,
        "its file is still there"
    );
    assert_eq!(operator.get("/tokens").await.status, 401);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(ensure().await, FirstToken::Made);
    assert_ne!(std::fs::read_to_string(&file).unwrap(), first);
    assert_eq!(site.operator().await.get("/tokens").await.status, 200);
}

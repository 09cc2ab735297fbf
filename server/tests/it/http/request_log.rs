//! The request id of each response.

use crate::fixture::Site;

#[tokio::test]
async fn answers_have_a_request_id() {
    let site = Site::new().await;
    let key = site.member("a@example.com").await.key.unwrap();
    for path in ["/verify", "/v1/account", "/v1/nothing", "/", "/nothing"] {
        for authorization in [key.basic(), "nonsense".to_owned()] {
            let mut headers = vec![("authorization", authorization.as_str())];
            let own = site.ask("GET", path, &headers).await;
            assert_eq!(own.header("x-request-id").len(), 16, "{path}");
            headers.push(("x-request-id", "from-the-gateway"));
            let theirs = site.ask("GET", path, &headers).await;
            assert_eq!(theirs.header("x-request-id"), "from-the-gateway", "{path}");
        }
    }
}

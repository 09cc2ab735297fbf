//! `/unsubscribe`, where mail providers end the notices to a second recipient.

use crate::fixture::Site;

/// Mail providers post here from anywhere (RFC 8058): without the token of a notice, or by GET, the request changes
/// nothing.
#[tokio::test]
async fn unsubscribing_takes_the_token_of_a_notice() {
    let site = Site::new().await;
    let post = async |path: &str, body: &'static str| {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://mail.example.com");
        let request = request.body(axum::body::Body::from(body)).unwrap();
        site.send(request).await.status.as_u16()
    };
    let one_click = "List-Unsubscribe=One-Click";
    for path in [
        "/unsubscribe",
        "/unsubscribe?token=acc_0.x",
        "/unsubscribe?token=%00",
    ] {
        assert_eq!(post(path, one_click).await, 410, "{path}");
        assert_eq!(post(path, "").await, 400, "{path}");
    }
    assert_eq!(
        post("/fn/account/confirm", one_click).await,
        403,
        "that alone"
    );
    let page = site.ask("GET", "/unsubscribe?token=a.b", &[]).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), "/confirm?token=a%2Eb");
}

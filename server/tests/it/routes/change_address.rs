//! Changes of an account's address in a browser, with and without JavaScript.

use vault::test_support::PASSWORD;

use crate::fixture::Site;

#[tokio::test]
async fn a_mistyped_address_is_corrected_from_the_dashboard() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("mistyped@example.com").await;
    let dashboard = member.get("/").await.body;
    for said in [
        "isn't confirmed yet",
        "Send again",
        "Wrong address?",
        "/preferences/account#address",
    ] {
        assert!(dashboard.contains(said), "{said}");
    }
    let account = member.get("/preferences/account").await.body;
    assert!(account.contains("action=\"/fn/account/change-address\""));
    let wrong = [
        ("email", "right@example.com"),
        ("current_password", "guess"),
    ];
    let refused = member.post("account/change-address", &wrong).await;
    assert_eq!(refused.status, 422);
    for said in ["This isn't your current password.", "right@example.com"] {
        assert!(refused.body.contains(said), "{said}");
    }
    assert!(!refused.body.contains("guess"), "no password comes back");
    let fields = [
        ("email", "right@example.com"),
        ("current_password", PASSWORD),
    ];
    let asked = member.post("account/change-address", &fields).await;
    assert_eq!(
        (asked.status.as_u16(), asked.header("location")),
        (303, "/preferences/account?done=address#address")
    );
    let dashboard = member.get("/").await.body;
    assert!(
        dashboard.contains("right@example.com"),
        "what was asked for"
    );
    let kept = member.post("account/keep-address", &[]).await;
    assert_eq!(kept.status, 303);
    let dashboard = member.get("/").await.body;
    assert!(!dashboard.contains("right@example.com"));
    let view = member.call("account/address", &[]).await;
    assert_eq!(view.text("email"), "mistyped@example.com");
}

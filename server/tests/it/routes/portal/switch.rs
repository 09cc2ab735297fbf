//! The question that a browser with a session is asked, before a link replaces it by that of another person or account.

use serde_json::{Value, json};

use super::{PAGE, code, enter, visitor};
use crate::fixture::{Answer, Browser, Site};

fn link(account: &str, person: Option<(&str, &str)>) -> Value {
    let mut body = json!({
        "account": {"external_id": account, "name": "Acme <b>"},
        "capabilities": ["keys.read", "keys.expire"],
        "session_seconds": 7200,
    });
    if let Some((id, label)) = person {
        body["actor"] = json!({"external_id": id, "label": label});
    }
    body
}

/// Returns the text of the question, and the name of the session in its form.
pub fn question(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.headers.contains_key("set-cookie"));
    let (_, main) = answer.body.split_once("<main").unwrap();
    let (main, _) = main.split_once("</main>").unwrap();
    let (_, from) = main.split_once("name=\"from\" value=\"").unwrap();
    let from = from.split_once('"').unwrap().0.to_owned();
    // The text without tags and comments.
    let main = main.replace("<!--<() />-->", "").replace("<!>", "");
    let parts = main
        .split('<')
        .map(|part| part.split_once('>').map_or("", |(_, text)| text));
    (parts.collect(), from)
}

#[tokio::test]
async fn another_person_is_asked_about_before_it_takes_over() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let ada = Some(("user_7", "ada@acme.example"));
    let bob = Some(("user_8", "bob@acme.example"));
    for (present, wanted, said) in [
        (
            ada,
            bob,
            "as ada@acme.example. The link opens the same account for bob@acme.example.",
        ),
        (
            ada,
            None,
            "as ada@acme.example. The link opens the same account and names no person.",
        ),
        (
            None,
            bob,
            "signed in to Acme &lt;b&gt;. The link opens the same account for bob@acme.example.",
        ),
        (
            ada,
            Some(("user_9", "ada@acme.example")),
            "The link opens the same account for another person of the same name.",
        ),
    ] {
        let browser = visitor(&site, &operator, link("org_1", present)).await;
        let code = code(&operator, link("org_1", wanted)).await;
        let answer = enter(&browser, &[("code", &code)]).await;
        let (text, from) = question(&answer);
        assert!(text.contains("Switch to another person?"), "{text}");
        assert!(text.contains(said), "{said}: {text}");
        let afterwards = "Afterwards your access here includes seeing keys and expiring keys. It ends in 2 hours.";
        assert!(text.contains(afterwards), "{text}");
        answered(&site, &browser, &code, &from).await;
    }
}

/// A session of an own sign-in may do more than any link.
#[tokio::test]
async fn an_own_session_is_asked_about_before_it_is_replaced() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let browser = site.member("ada@example.com").await;
    let id = operator.get("/accounts?q=ada@example.com").await.json()["data"][0]["id"].clone();
    let path = format!("/accounts/{}", id.as_str().unwrap());
    let owned = operator.patch(&path, json!({"external_id": "org_1"})).await;
    assert_eq!(owned.status, 200, "{}", owned.body);
    for person in [None, Some(("user_8", "bob@acme.example"))] {
        let code = code(&operator, link("org_1", person)).await;
        let answer = enter(&browser, &[("code", &code)]).await;
        let (text, _) = question(&answer);
        for said in [
            "Replace your own session?",
            "with a password",
            "The link opens the same account",
            "seeing keys and expiring keys",
            "Your own session ends.",
            "Stay in Acme &lt;b&gt;",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(text.contains("for bob@acme.example"), person.is_some());
    }
    let code = code(&operator, link("org_1", None)).await;
    let (_, from) = question(&enter(&browser, &[("code", &code)]).await);
    answered(&site, &browser, &code, &from).await;
}

#[tokio::test]
async fn accounts_of_one_name_are_told_apart() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let browser = visitor(&site, &operator, link("org_1", None)).await;
    let code = code(&operator, link("org_2", None)).await;
    let (text, from) = question(&enter(&browser, &[("code", &code)]).await);
    assert!(text.contains("Switch accounts?"), "{text}");
    assert!(
        text.contains("The link opens another account of the same name."),
        "{text}"
    );
    answered(&site, &browser, &code, &from).await;
}

/// The same person of the same account goes on without a question, whatever the link allows, and under another label.
#[tokio::test]
async fn the_same_person_is_not_asked() {
    let site = Site::new().await;
    let operator = site.operator().await;
    for (before, after) in [
        (None, None),
        (
            Some(("user_7", "ada@acme.example")),
            Some(("user_7", "Ada Lovelace")),
        ),
    ] {
        let browser = visitor(&site, &operator, link("org_1", before)).await;
        let mut wanted = link("org_1", after);
        wanted["capabilities"] = json!(["notices"]);
        let code = code(&operator, wanted).await;
        let entered = enter(&browser, &[("code", &code)]).await;
        assert_eq!(entered.status, 303, "{}", entered.body);
        assert_eq!(
            browser.get(PAGE).await.status,
            303,
            "the new one took its place"
        );
    }
}

/// The present session lasts until its own page has been answered, and ends then.
async fn answered(site: &Site, browser: &Browser<'_>, code: &str, from: &str) {
    for guess in ["", "1", &"0".repeat(32)] {
        let again = enter(browser, &[("code", code), ("from", guess)]).await;
        question(&again);
    }
    assert_eq!(browser.get(PAGE).await.status, 200, "still signed in");
    let entered = enter(browser, &[("code", code), ("from", from)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    assert_eq!(
        browser.get(PAGE).await.status,
        303,
        "the other session ended"
    );
    let mut switched = site.stranger();
    switched.keep_cookie(&entered);
    assert_eq!(switched.get(PAGE).await.status, 200);
}

//! The pages as they leave the server: headers, policy, theme, and forbidden content.

use vault::test_support::DAY;

use crate::fixture::Site;

const PAGES: [&str; 5] = [
    "/",
    "/preferences/account",
    "/preferences/api-control",
    "/preferences/api-control/new",
    "/developers",
];

#[tokio::test]
async fn every_page_renders_with_its_policy() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let own = format!(
        "/preferences/api-control/{}",
        member.key.as_ref().unwrap().access
    );
    for path in PAGES.into_iter().chain([own.as_str()]) {
        let answer = member.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body.matches("<h1").count(), 1, "{path}: one heading");
        let policy = answer.header("content-security-policy");
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .and_then(|rest| rest.split('\'').next())
            .unwrap();
        for part in [
            "'strict-dynamic'",
            "'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
            "style-src 'self'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        for script in answer
            .body
            .match_indices("<script")
            .map(|(at, _)| &answer.body[at..])
        {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: {tag}");
        }
        assert!(
            !answer.body.contains(" style=\""),
            "{path}: inline styles are not allowed by the policy"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            !answer.body.contains("khs_") || path == "/developers",
            "{path}: no secret"
        );
    }
    let again = [member.get("/").await, member.get("/").await];
    assert_ne!(
        again[0].header("content-security-policy"),
        again[1].header("content-security-policy")
    );
}

#[tokio::test]
async fn the_theme_comes_from_its_cookie() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let answer = member.call("account/theme", &[("theme", "dark")]).await;
    assert!(
        answer
            .header("set-cookie")
            .starts_with("keyhold_theme=dark;")
    );
    let cookie = format!("{}; keyhold_theme=dark", member.cookie.as_ref().unwrap());
    let page = site.ask("GET", "/", &[("cookie", &cookie)]).await;
    assert!(page.body.contains("data-theme=\"dark\""));
    let cookie = format!(
        "{}; keyhold_theme=\"><script>",
        member.cookie.as_ref().unwrap()
    );
    let page = site.ask("GET", "/", &[("cookie", &cookie)]).await;
    assert!(
        page.body.contains("<html lang=\"en\">"),
        "an unknown theme is the system's"
    );
}

#[tokio::test]
async fn search_filter_sort_and_page_are_in_the_address() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    for number in 0..60 {
        member.create(&format!("key-{number:02}"), "30d").await;
    }
    member.create("soon", "2d").await;
    let page = async |query: &str| {
        member
            .get(&format!("/preferences/api-control{query}"))
            .await
            .body
    };
    assert!(page("?q=key-07").await.contains("key-07"));
    assert!(!page("?q=key-07").await.contains("key-08"));
    assert!(page("?status=expiring_soon").await.contains(">soon<"));
    assert!(!page("?status=expiring_soon").await.contains("key-07"));
    let (first, second) = (
        page("?sort=name&page=1").await,
        page("?sort=name&page=2").await,
    );
    assert!(first.contains("key-00") && !first.contains("key-59"));
    assert!(second.contains("key-59") && !second.contains("key-00"));
    site.clock.advance(3 * DAY);
    assert!(page("?status=expired").await.contains(">soon<"));
}

#[tokio::test]
async fn the_sign_in_page_redirects_a_signed_in_browser() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let answer = member.get("/sign-in?next=%2Fdevelopers").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/developers")
    );
    let answer = member.get("/sign-in?next=%2F%2Fevil.example").await;
    assert_eq!(answer.header("location"), "/");
}

/// Promise 4: a secret that a search without script put into an address is removed by a redirect.
#[tokio::test]
async fn a_secret_in_an_address_is_removed_by_a_redirect() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let list = "/preferences/api-control";
    let (pair, secret) = (key.word(), key.secret.as_str());
    let (first, second) = secret.split_at(20);
    for (path, clean) in [
        (
            format!("{list}?q={secret}&status=active"),
            format!("{list}?status=active&done=secret"),
        ),
        (
            format!("{list}?q={first}+{second}"),
            format!("{list}?done=secret"),
        ),
        (
            format!("{list}?q={pair}&sort=name"),
            format!("{list}?q={}&sort=name&done=secret", key.access),
        ),
        (
            format!("{list}?q=Bearer%20{pair}"),
            format!("{list}?q={}&done=secret", key.access),
        ),
        (format!("{list}?{secret}=1"), format!("{list}?done=secret")),
        (
            format!("/sign-in?next=%2Fx%3Fq%3D{secret}"),
            "/sign-in?done=secret".to_owned(),
        ),
        (format!("{list}/{pair}"), format!("{list}?done=secret")),
        (format!("/no/such/{secret}"), format!("{list}?done=secret")),
    ] {
        for browser in [&member, &site.stranger()] {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, 303, "{path}");
            assert_eq!(answer.header("location"), clean, "{path}");
            assert!(!answer.body.contains("khs_"));
        }
    }
    let said = member.get(&format!("{list}?done=secret")).await.body;
    assert!(said.contains("That was a secret key."));

    let found = member.call("keys/list", &[("q", &pair)]).await;
    assert_eq!(found.json()["keys"][0]["access_key"], key.access.as_str());
    let refused = member.call("keys/list", &[("q", secret)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("That was a secret key.") && !refused.body.contains(secret));
}

/// A page states its number of elements: the browser compares it with its own before the script takes over.
#[tokio::test]
async fn a_page_states_its_number_of_elements() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    member.create("<b>&\"'</b>", "3d").await;
    for path in PAGES {
        let html = member.get(path).await.body;
        let (_, body) = html.split_once("<body data-elements=\"").unwrap();
        let (count, body) = body.split_once("\">").unwrap();
        let tags = crate::routes::markup::skeleton(body);
        let elements = tags.iter().filter(|tag| {
            !tag.starts_with('/') && !["comment", "declaration"].contains(&tag.as_str())
        });
        assert_eq!(elements.count().to_string(), count, "{path}");
    }
}

/// A `Location` stays short: proxies have little room for headers, and no page has such a path.
#[tokio::test]
async fn a_redirect_has_a_short_location() {
    let site = Site::new().await;
    let long = format!("/preferences/api-control/{}", "-".repeat(7_000));
    let answer = site.stranger().get(&long).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/sign-in");
    let member = site.member("a@example.com").await;
    let answer = member.get(&format!("/sign-in?next={long}")).await;
    assert_eq!(answer.header("location"), "/");
}

//! Where an account is signed in, and how its owner ends that.

use vault::test_support::{DAY, Fixture, HOUR, Member, PASSWORD, from};
use vault::{Caller, Session};

const EMAIL: &str = "a@example.com";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";

/// Signs in from a browser.
async fn sign_in(site: &Fixture, last: u8, agent: &str) -> Session {
    let caller = Caller {
        agent: Some(agent.as_bytes().into()),
        ..from([192, 0, 2, last])
    };
    let token = site.vault.sign_in(&caller, EMAIL, PASSWORD).await.unwrap();
    site.session(&token).await.unwrap()
}

/// Returns browser, address and whether it is this one, of each session.
async fn list(site: &Fixture, session: &Session) -> Vec<(String, String, bool)> {
    let views = site.vault.open_sessions(session).await.unwrap();
    let views = views.into_iter();
    views
        .map(|view| (view.browser, view.address, view.here))
        .collect()
}

async fn handle(site: &Fixture, member: &Member, browser: &str) -> String {
    let views = site.vault.open_sessions(&member.actor.session).await;
    let mut views = views.unwrap().into_iter();
    views.find(|view| view.browser == browser).unwrap().session
}

#[tokio::test]
async fn an_owner_sees_where_the_account_is_signed_in() {
    let site = Fixture::new().await;
    let member = site.member(EMAIL).await;
    site.member("b@example.com").await;
    site.clock.advance(HOUR);
    let phone = sign_in(&site, 7, SAFARI).await;
    site.clock.advance(HOUR);
    sign_in(&site, 8, FIREFOX).await;
    let row = |browser: &str, address: &str, here| (browser.to_owned(), address.to_owned(), here);
    assert_eq!(
        list(&site, &phone).await,
        [
            row("Safari on iPhone", "192.0.2.7", true),
            row("Firefox on Linux", "192.0.2.8", false),
            row("Unknown browser", "", false),
        ]
    );
    let views = site.vault.open_sessions(&member.actor.session).await;
    let views = views.unwrap();
    assert!(views[0].here && views[0].browser == "Unknown browser");
    assert!(views[0].started.at < views[1].started.at);
    assert_eq!(views[1].agent, FIREFOX);
    // Those that no cookie can present any more are none, whether or not their rows are still there.
    site.clock.advance(14 * DAY);
    let fresh = sign_in(&site, 9, "").await;
    assert_eq!(
        list(&site, &fresh).await,
        [row("Unknown browser", "192.0.2.9", true)]
    );
}

/// A header is the client's own text: it is cut, made printable, and holds no secret.
#[tokio::test]
async fn a_hostile_header_is_stored_harmless() {
    let site = Fixture::new().await;
    let member = site.member(EMAIL).await;
    let secret = member.default_key.secret_key.expose().to_owned();
    sign_in(&site, 1, &format!("\u{202e}<b>{secret}{}", "x".repeat(500))).await;
    assert!(!site.stores(&secret).await);
    let views = site.vault.open_sessions(&member.actor.session).await;
    let agent = &views.unwrap()[1].agent;
    assert!(agent.len() == 200 && agent.is_ascii(), "{agent}");
}

#[tokio::test]
async fn one_session_is_ended_and_the_others_stay() {
    let site = Fixture::new().await;
    let member = site.member(EMAIL).await;
    let stranger = site.member("b@example.com").await;
    let phone = sign_in(&site, 7, SAFARI).await;
    let laptop = sign_in(&site, 8, FIREFOX).await;
    let handle = handle(&site, &member, "Safari on iPhone").await;
    // A handle is worth nothing to another account, and a wrong one ends nothing.
    for (actor, handle) in [
        (&stranger.actor, handle.as_str()),
        (&member.actor, ""),
        (&member.actor, "0"),
    ] {
        site.vault.end_session(actor, handle).await.unwrap();
    }
    assert_eq!(list(&site, &phone).await.len(), 3);
    for _ in 0..2 {
        let ended = site.vault.end_session(&member.actor, &handle).await;
        assert!(ended.is_ok(), "also a second time");
    }
    let browsers: Vec<_> = list(&site, &laptop).await;
    assert_eq!(browsers.len(), 2);
    assert!(browsers.iter().all(|(name, ..)| name != "Safari on iPhone"));
}

#[tokio::test]
async fn all_other_sessions_are_ended() {
    let site = Fixture::new().await;
    let member = site.member(EMAIL).await;
    site.member("b@example.com").await;
    sign_in(&site, 7, SAFARI).await;
    sign_in(&site, 8, FIREFOX).await;
    assert_eq!(
        site.vault.end_other_sessions(&member.actor).await.unwrap(),
        2
    );
    assert_eq!(list(&site, &member.actor.session).await.len(), 1);
    assert_eq!(
        site.vault.end_other_sessions(&member.actor).await.unwrap(),
        0
    );
    let other = site.member("c@example.com").await;
    assert_eq!(list(&site, &other.actor.session).await.len(), 1);
}

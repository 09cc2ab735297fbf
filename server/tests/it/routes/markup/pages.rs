//! Every page, with hostile text wherever a user or a program can choose a text.

use app::shell::App;
use form_urlencoded::byte_serialize;
use leptos_axum::generate_route_list;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use vault::test_support::peer::{Peer, Script, Step};
use vault::test_support::{DAY, PASSWORD};

use super::HOSTILE;
use super::skeleton;
use super::skeleton::title;
use crate::fixture::mail::{deliver, expired_key, member, transport};
use crate::fixture::{Answer, BASE, Browser, Site};

const HARMLESS: &str = "harmless";

/// Descriptions of pages, with their HTML.
type Pages = Vec<(String, String)>;

/// Returns the pages that show a key's name: lists, the key's page, the banner.
async fn with_keys(text: &str) -> Pages {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("o'neil&{co}`|=@example.com").await;
    site.clock.advance(1);
    let fields = [("name", text), ("description", text), ("expiry", "3d")];
    let expiring = member.call("keys/create", &fields).await;
    assert_eq!(expiring.status, 200, "{text}: {}", expiring.body);
    // Keys of the same instant have no order.
    site.clock.advance(1);
    for _ in 0..2 {
        let fields = [("name", text), ("expiry", "2027-05-01")];
        assert_eq!(member.call("keys/create", &fields).await.status, 200);
        site.clock.advance(1);
    }
    let (expiring, expired) = (
        expiring.text("access_key"),
        expired_key(&member, text).await,
    );
    let headers = [
        ("authorization", expired.basic()),
        ("user-agent", text.to_owned()),
    ];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(site.ask("GET", "/verify", &headers).await.status, 401);
    site.vault.flush_usage().await.unwrap();
    site.clock.advance(1);

    let key = |access: &str| format!("/preferences/api-control/{access}");
    let query: String = byte_serialize(text.as_bytes()).collect();
    let segment = utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut pages = Pages::new();
    for (what, path) in [
        ("search", format!("/preferences/api-control?q={query}")),
        (
            "search for nothing",
            format!("/preferences/api-control?q=none{query}"),
        ),
        (
            "odd address",
            format!(
                "/preferences/api-control?status={query}&sort={query}&page={query}&done={query}"
            ),
        ),
        ("key", key(&expiring)),
        ("expired key", key(&expired.access)),
        ("no such key", key(&segment.to_string())),
        (
            "heap",
            "/preferences/api-control/stagger?day=2027-05-01".to_owned(),
        ),
        (
            "no such day",
            format!("/preferences/api-control/stagger?day={query}&days={query}"),
        ),
        ("no such page", format!("/{segment}")),
    ] {
        let html = member.get(&path).await.body;
        if what.ends_with("key") && !what.starts_with("no") {
            assert_eq!(title(&html), format!("{text} · Keyhold"), "{what}");
        }
        pages.push((what.to_owned(), html));
    }
    for route in generate_route_list(App) {
        let path = route.path().replace("{access_key}", &expiring);
        let answer = member.get(&path).await;
        // The others redirect an account that is signed in.
        if is_page(&answer) {
            pages.push((route.path().to_owned(), answer.body));
        }
    }
    pages.extend(replayed(&member, &expiring, text).await);
    pages
}

/// Returns the pages of rejected forms, which contain the fields that were sent.
async fn replayed(member: &Browser<'_>, access: &str, text: &str) -> Pages {
    let at_key = ("access_key", access);
    let stranger = member.site.stranger();
    let next = format!("/{text}");
    let mut pages = Pages::new();
    type Form<'a> = (&'a Browser<'a>, &'a str, &'a [(&'a str, &'a str)]);
    let forms: [Form; 10] = [
        (
            member,
            "keys/create",
            &[
                ("name", ""),
                ("description", text),
                ("expiry", text),
                ("expiry_date", text),
            ],
        ),
        (
            member,
            "keys/edit",
            &[
                at_key,
                ("name", text),
                ("description", text),
                ("expiry", "2001-01-01"),
            ],
        ),
        (
            member,
            "keys/delete",
            &[at_key, ("confirm_name", "another")],
        ),
        (
            member,
            "account/preferences",
            &[("time_zone", text), ("warning_days", text)],
        ),
        (member, "notices/second-recipient", &[("address", text)]),
        (member, "keys/snooze", &[at_key, ("until", text)]),
        (member, "keys/stagger", &[("day", text), ("days", text)]),
        (
            &stranger,
            "account/sign-up",
            &[("email", text), ("password", PASSWORD), ("time_zone", text)],
        ),
        (
            &stranger,
            "account/sign-in",
            &[("email", text), ("password", "x"), ("next", &next)],
        ),
        (&stranger, "account/forgot-password", &[("email", text)]),
    ];
    for (browser, function, fields) in forms {
        let answer = browser.post(function, fields).await;
        assert!(is_page(&answer), "{function}: {}", answer.status);
        pages.push((function.to_owned(), answer.body));
    }
    let query: String = byte_serialize(next.as_bytes()).collect();
    for path in [
        "sign-in?next=",
        "sign-up?next=",
        "confirm?token=",
        "reset-password?token=",
        "sign-in?done=",
    ] {
        let answer = stranger.get(&format!("/{path}{query}")).await;
        assert!(is_page(&answer), "{path}: {}", answer.status);
        pages.push((path.to_owned(), answer.body));
    }
    pages
}

fn is_page(answer: &Answer) -> bool {
    answer.header("content-type").starts_with("text/html")
}

fn compare(text: &str, hostile: &Pages, harmless: &Pages) {
    assert_eq!(hostile.len(), harmless.len());
    for ((what, hostile), (_, harmless)) in hostile.iter().zip(harmless) {
        let (hostile_tags, harmless_tags) = (skeleton(hostile), skeleton(harmless));
        let differs = hostile_tags
            .iter()
            .zip(&harmless_tags)
            .find(|(one, other)| one != other);
        assert!(
            hostile_tags.len() == harmless_tags.len() && differs.is_none(),
            "{what} with {text:?}: {differs:?}, {} tags instead of {}",
            hostile_tags.len(),
            harmless_tags.len()
        );
        for tag in hostile_tags {
            let handler = tag.split(' ').skip(1).any(|name| name.starts_with("on"));
            assert!(!handler, "{what} with {text:?}: <{tag}>");
        }
    }
}

#[tokio::test]
async fn no_text_is_markup_on_any_page() {
    let harmless = with_keys(HARMLESS).await;
    assert!(
        harmless
            .iter()
            .filter(|(_, html)| html.contains(HARMLESS))
            .count()
            > 12,
        "the text is shown"
    );
    for text in HOSTILE {
        compare(text, &with_keys(text).await, &harmless);
    }
}

/// Returns the delivery log with the mail server's response and the former names of keys.
async fn delivery_log(peer: &mut Peer, text: &str) -> String {
    // The server keeps following the last script of the previous call.
    peer.follow([Script::default()]);
    let site = Site::new().await;
    site.leave_mail();
    let way = transport(&peer.url());
    let member = member(&site, &way, "a@example.com").await;
    for code in ["550 5.1.1", "450 4.7.1"] {
        peer.follow([Script::at(Step::Rcpt, &*format!("{code} {text}"))]);
        expired_key(&member, text).await;
        assert_eq!(deliver(&site, &way).await, 1, "{text}");
        site.clock.advance(DAY);
    }
    member.get("/preferences/notices").await.body
}

#[tokio::test]
async fn no_reply_of_a_mail_server_is_markup() {
    let mut peer = Peer::start();
    let harmless = delivery_log(&mut peer, HARMLESS).await;
    assert!(harmless.contains("5.1.1 harmless"), "its words are shown");
    for text in HOSTILE {
        let hostile = delivery_log(&mut peer, text).await;
        let page = |html: String| vec![("delivery log".to_owned(), html)];
        compare(text, &page(hostile), &page(harmless.clone()));
    }
}

#[tokio::test]
async fn no_name_adds_a_line_to_the_calendar() {
    /// Returns the names of the feed's properties, in order, with one key of this name.
    async fn properties(member: &Browser<'_>, name: &str) -> Vec<String> {
        let key = member.create(name, "3d").await;
        let address = member.call("notices/show", &[]).await.text("calendar_url");
        let path = address.strip_prefix(BASE).unwrap();
        let feed = member.site.ask("GET", path, &[]).await.body;
        let confirm = [("access_key", key.access.as_str()), ("confirm_name", name)];
        assert_eq!(member.call("keys/delete", &confirm).await.status, 200);
        let feed = feed.replace("\r\n ", "");
        let lines = feed.trim_end().split("\r\n");
        let names = lines.map(|line| line.split([':', ';']).next().unwrap().to_owned());
        names.collect()
    }
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let harmless = properties(&member, HARMLESS).await;
    for text in HOSTILE
        .into_iter()
        .chain(["a\\nEND:VEVENT", "END:VCALENDAR", "a;b,c:d\\"])
    {
        assert_eq!(properties(&member, text).await, harmless, "{text}");
    }
}

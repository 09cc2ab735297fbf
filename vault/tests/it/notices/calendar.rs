//! The calendar feed: its content, and who can read it.

use shared::DAY_MS;
use vault::Error;
use vault::test_support::{Fixture, Member, NOON, edit};

/// Returns the token in the address of the member's feed.
async fn token(site: &Fixture, member: &Member) -> String {
    let url = site.vault.calendar_url(&member.actor.session).await;
    let url = url.unwrap();
    let (_, file) = url.rsplit_once("/calendar/").unwrap();
    file.strip_suffix(".ics").unwrap().to_owned()
}

async fn calendar(site: &Fixture, member: &Member) -> String {
    let token = token(site, member).await;
    site.vault.calendar(&token).await.unwrap().collect()
}

/// Returns the content lines as they were before folding (RFC 5545, section 3.1).
fn lines(calendar: &str) -> Vec<String> {
    assert!(calendar.ends_with("\r\n"));
    assert_eq!(
        calendar.matches('\n').count(),
        calendar.matches("\r\n").count()
    );
    for line in calendar.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
        assert!(!line.contains('\r'), "{line:?}");
    }
    calendar
        .replace("\r\n ", "")
        .trim_end()
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

/// Returns the values of a property, in the calendar's order.
fn values(calendar: &str, property: &str) -> Vec<String> {
    lines(calendar)
        .iter()
        .filter_map(|line| {
            line.strip_prefix(property)?
                .strip_prefix(':')
                .map(str::to_owned)
        })
        .collect()
}

/// Returns a text value as its reader sees it (RFC 5545, section 3.3.11).
fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next().unwrap() {
                'n' | 'N' => text.push('\n'),
                escaped @ ('\\' | ',' | ';') => text.push(escaped),
                other => panic!("\\{other} in {value:?}"),
            },
            (',' | ';', _) => panic!("{char} is not escaped in {value:?}"),
            _ => text.push(char),
        }
    }
    text
}

#[tokio::test]
async fn every_expiration_is_an_event() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let later = site.key(&member, "staging", "7d").await;
    let sooner = site.key(&member, "billing-cron", "3d").await;
    site.vault
        .expire_key(&member.actor, &sooner.access_key.to_string())
        .await
        .unwrap();
    let calendar = calendar(&site, &member)
        .await
        .replace(&sooner.access_key.to_string(), "kh_sooner")
        .replace(&later.access_key.to_string(), "kh_later");
    assert_eq!(values(&calendar, "DTSTART").len(), 2, "{calendar}");
    insta::assert_snapshot!(lines(&calendar).join("\n"), @r"
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Keyhold//Keyhold//EN
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    NAME:Keyhold API keys
    X-WR-CALNAME:Keyhold API keys
    X-PUBLISHED-TTL:PT1H
    REFRESH-INTERVAL;VALUE=DURATION:PT1H
    BEGIN:VEVENT
    DESCRIPTION:Access key: kh_sooner\nRestore it: https://keys.example.com/preferences/api-control/kh_sooner
    DTSTAMP:20261123T120000Z
    DTSTART:20261123T120000Z
    SUMMARY:API key billing-cron expired
    TRANSP:TRANSPARENT
    UID:kh_sooner@keys.example.com
    URL:https://keys.example.com/preferences/api-control/kh_sooner
    END:VEVENT
    BEGIN:VEVENT
    DESCRIPTION:Access key: kh_later\nExtend it: https://keys.example.com/preferences/api-control/kh_later
    DTSTAMP:20261123T120000Z
    DTSTART:20261130T120000Z
    SUMMARY:API key staging expires
    TRANSP:TRANSPARENT
    UID:kh_later@keys.example.com
    URL:https://keys.example.com/preferences/api-control/kh_later
    END:VEVENT
    END:VCALENDAR
    ");
}

#[tokio::test]
async fn an_event_follows_its_key_and_keeps_its_id() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "billing-cron", "3d").await;
    let before = calendar(&site, &member).await;
    site.vault
        .edit_key(
            &member.actor,
            edit(
                &key.access_key.to_string(),
                "renamed",
                "",
                "2026-12-24T18:30:00.250Z",
            ),
        )
        .await
        .unwrap();
    let after = calendar(&site, &member).await;
    assert_eq!(values(&before, "UID"), values(&after, "UID"));
    assert_eq!(values(&before, "DTSTART"), ["20261126T120000Z"]);
    assert_eq!(values(&after, "DTSTART"), ["20261224T183000Z"]);
    assert_eq!(values(&after, "SUMMARY"), ["API key renamed expires"]);

    site.clock.set(NOON + 40 * DAY_MS);
    let expired = calendar(&site, &member).await;
    assert_eq!(values(&expired, "SUMMARY"), ["API key renamed expired"]);
    assert!(values(&expired, "DESCRIPTION")[0].contains("Restore it"));
}

#[tokio::test]
async fn the_feed_has_the_owners_keys_only_and_no_secret() {
    let site = Fixture::new().await;
    let owner = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    let key = site.key(&owner, "ours", "3d").await;
    site.key(&other, "theirs", "3d").await;
    let ours = calendar(&site, &owner).await;
    assert_eq!(values(&ours, "SUMMARY"), ["API key ours expires"]);
    assert!(!ours.contains("khs_") && !ours.contains(key.secret_key.expose()));
    // The default key never expires, so no calendar lists it.
    assert!(!ours.contains("Default"));
}

#[tokio::test]
async fn only_the_current_token_opens_the_feed() {
    let site = Fixture::new().await;
    let owner = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    let (right, theirs) = (token(&site, &owner).await, token(&site, &other).await);
    let (account, mark) = right.split_once('.').unwrap();
    let (_, their_mark) = theirs.split_once('.').unwrap();
    for wrong in [
        String::new(),
        ".".to_owned(),
        account.to_owned(),
        format!("{account}."),
        format!("{account}.{their_mark}"),
        format!("{account}.{mark}0"),
        format!("{account}.{}", &mark[..mark.len() - 1]),
        format!("acc_{}.{mark}", "0".repeat(32)),
        format!("' OR 1=1 --.{mark}"),
        format!("\0.{mark}"),
        format!("{account}\0.{mark}"),
    ] {
        assert!(
            matches!(site.vault.calendar(&wrong).await, Err(Error::NotFound)),
            "{wrong}"
        );
    }

    site.vault.reset_calendar(&owner.actor).await.unwrap();
    assert!(matches!(
        site.vault.calendar(&right).await,
        Err(Error::NotFound)
    ));
    let new = token(&site, &owner).await;
    assert_ne!(new, right);
    assert!(site.vault.calendar(&new).await.is_ok());
    assert!(
        site.vault.calendar(&theirs).await.is_ok(),
        "the other one is left alone"
    );
}

#[tokio::test]
async fn hostile_names_stay_names() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let hostile = [
        "a, b; c\\n d".to_owned(),
        "x\\".to_owned(),
        "🗝".repeat(80),
        "é".repeat(79) + "x",
        "ab ".repeat(26).trim().to_owned(),
        "END:VEVENT".to_owned(),
    ];
    for (n, name) in hostile.iter().enumerate() {
        site.key(&member, name, &format!("{}d", n + 1)).await;
    }
    let read: Vec<String> = values(&calendar(&site, &member).await, "SUMMARY")
        .iter()
        .map(|value| unescaped(value))
        .collect();
    let meant: Vec<String> = hostile
        .iter()
        .map(|name| format!("API key {name} expires"))
        .collect();
    assert_eq!(read, meant);

    // No form accepts this name, but a database may hold it.
    let mut database = site.database().await;
    // PostgreSQL stores no NUL.
    let is_postgres = site.folder.database().is_postgres();
    let last = if is_postgres { '\u{1}' } else { '\u{0}' };
    let name = format!("a\r\nEND:VEVENT\r\nATTACH:https://evil.example\u{202e}{last}");
    sqlx::query("UPDATE api_keys SET name = $1 WHERE expires_at IS NOT NULL")
        .bind(name)
        .execute(&mut database)
        .await
        .unwrap();
    let calendar = calendar(&site, &member).await;
    assert!(values(&calendar, "ATTACH").is_empty(), "{calendar}");
    assert_eq!(
        lines(&calendar)
            .iter()
            .filter(|line| *line == "END:VEVENT")
            .count(),
        hostile.len()
    );
}

/// The feed is bounded, however many keys there are, and is sent in pieces.
#[tokio::test]
async fn the_feed_has_the_nearest_dates_of_many() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut database = site.database().await;
    for (first, count) in [("-", 500), ("+", 3_000)] {
        let statement = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
             INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id, created_at, expires_at)
             SELECT 'kh_{first}' || n, $1, '{first}' || n, '', '', $3, '', 0, $2 {first} n * 60000 FROM numbers"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(&member.actor.account().id)
            .bind(NOON)
            .bind(vec![0_u8; 32])
            .execute(&mut database)
            .await
            .unwrap();
    }
    let token = token(&site, &member).await;
    let pieces: Vec<String> = site.vault.calendar(&token).await.unwrap().collect();
    assert!(pieces.iter().all(|piece| piece.len() < 50_000));
    let names = values(&pieces.concat(), "SUMMARY");
    let name = |place: usize| names[place].as_str();
    assert_eq!(names.len(), 1_200);
    assert_eq!(name(0), "API key -200 expired");
    assert_eq!(name(199), "API key -1 expired");
    assert_eq!(name(200), "API key +1 expires");
    assert_eq!(name(1_199), "API key +1000 expires");
}

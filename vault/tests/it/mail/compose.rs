//! The text of every mail. `INSTA_UPDATE=always cargo test -p vault compose` rewrites the snapshots; review their
//! changes before a commit.

use shared::DAY_MS;
use vault::brand::Brand;
use vault::mail::compose::{
    Notice, Stop, TokenNotice, account_deleted, address_asked, address_changed, change_address,
    confirm_address, confirm_second_recipient, digest, password_changed, reset_password, test_mail,
    tokens,
};
use vault::mail::{Content, Letterhead, Unsubscribe};

use vault::test_support::NOON;
use vault::zones::Zone;

const BASE: &str = "https://keys.example.com";
pub const HEAD: Letterhead<'static> = Letterhead {
    base_url: BASE,
    brand: &Brand::KEYHOLD,
};
const HOUR: i64 = 60 * 60 * 1000;
const WHEN: &str = "Mon 23 Nov 2026, 12:00 UTC";
pub const LINK: &str = "https://keys.example.com/confirm?token=mail_00ff.0123456789abcdef";

pub fn notice<'a>(access_key: &'a str, name: &'a str, expires_at: i64) -> Notice<'a> {
    Notice {
        access_key,
        name,
        expires_at,
        expired_manually: false,
        expired_by: None,
        used_at: None,
        failing: None,
    }
}

/// Returns subject, text and HTML as one text, with a line for each HTML element.
fn whole(content: &Content) -> String {
    format!(
        "Subject: {}\n\n{}\n{}",
        content.subject,
        content.text,
        content.html.replace("><", ">\n<")
    )
}

#[test]
fn a_digest_of_keys_that_expire() {
    let notices = [
        notice("kh_0000000000000002", "staging", NOON + 3 * DAY_MS),
        notice("kh_0000000000000001", "billing-cron", NOON + 26 * HOUR),
    ];
    let content = digest(
        HEAD,
        Zone::stored("America/Los_Angeles"),
        NOON,
        &notices,
        None,
    );
    assert_eq!(
        content.subject,
        "2 API keys expire within 3 days: billing-cron, staging"
    );
    insta::assert_snapshot!(whole(&content));
}

#[test]
fn a_digest_of_all_kinds() {
    let notices = [
        notice("kh_0000000000000001", "staging", NOON + 7 * DAY_MS),
        Notice {
            used_at: Some(NOON - 2 * DAY_MS),
            failing: Some((3, NOON - 40_000)),
            ..notice("kh_0000000000000002", "billing-cron", NOON - DAY_MS)
        },
        Notice {
            expired_manually: true,
            expired_by: None,
            used_at: Some(NOON - 2 * HOUR),
            ..notice("kh_0000000000000003", "leaked", NOON - 1)
        },
    ];
    let content = digest(HEAD, Zone::stored("Europe/Berlin"), NOON, &notices, None);
    assert_eq!(
        content.subject,
        "2 API keys have expired, 1 expires within 7 days: billing-cron, leaked, staging"
    );
    insta::assert_snapshot!(whole(&content));
}

/// The mail reports remaining callers of expired keys only, in the account's zone, and also where each of many keys has
/// one line.
#[test]
fn the_mail_names_the_failing_callers() {
    let said = |notice: Notice, now: i64| {
        let content = digest(HEAD, Zone::stored("Asia/Kathmandu"), now, &[notice], None);
        let line = content.text.lines().nth(5).unwrap().trim().to_owned();
        assert!(
            line.starts_with("Access key") || content.html.contains(&format!(">{line}</p>")),
            "{line}"
        );
        line
    };
    let key = || Notice {
        used_at: Some(NOON - HOUR),
        ..notice("kh_0", "n", NOON - 1)
    };
    let failing = |callers| Notice {
        failing: Some((callers, NOON)),
        ..key()
    };
    assert_eq!(
        said(failing(1), NOON),
        "1 caller still fails, the last on Mon 23 Nov 2026, 17:45 UTC+05:45."
    );
    assert_eq!(
        said(failing(5), NOON),
        "At least 5 callers still fail, the last on Mon 23 Nov 2026, 17:45 UTC+05:45."
    );
    assert_eq!(
        said(key(), NOON),
        "Last used on Mon 23 Nov 2026, 16:45 UTC+05:45."
    );
    assert_eq!(said(key(), NOON - 2), "Access key: kh_0");
    assert_eq!(said(notice("kh_0", "n", NOON), NOON), "Access key: kh_0");

    let many: Vec<Notice> = (0..51).map(|_| failing(2)).collect();
    let content = digest(HEAD, Zone::utc(), NOON, &many, None);
    for part in [&content.text, &content.html] {
        let lines = part.matches("2 callers still fail, the last on Mon 23 Nov 2026, 12:00 UTC.");
        assert_eq!(lines.count(), 51);
    }
}

/// A delayed mail reports what is true when it leaves.
#[test]
fn a_delayed_mail_is_true_when_it_leaves() {
    let late = notice("kh_0", "late", NOON);
    let content = digest(HEAD, Zone::utc(), NOON, std::slice::from_ref(&late), None);
    assert_eq!(content.subject, "1 API key has expired: late");
    assert!(
        content
            .text
            .contains("Restore: https://keys.example.com/preferences/api-control/kh_0#restore")
    );
    let early = Notice {
        expired_manually: true,
        expired_by: None,
        ..late
    };
    let content = digest(HEAD, Zone::utc(), NOON - 1, &[early], None);
    assert!(
        content.subject.contains("expires within 1 day"),
        "{}",
        content.subject
    );
    assert!(!content.text.contains("manually"), "{}", content.text);
}

/// D9: any number of keys makes one readable mail that names each of them.
#[test]
fn hundreds_of_keys_are_one_mail() {
    let keys: Vec<(String, String)> = (0..5_002)
        .map(|n| (format!("kh_{n:016}"), format!("key {n}")))
        .collect();
    let notices: Vec<Notice> = keys
        .iter()
        .rev()
        .map(|(access_key, name)| notice(access_key, name, NOON + DAY_MS))
        .collect();
    let content = digest(HEAD, Zone::utc(), NOON, &notices[4_502..], None);
    assert_eq!(
        content.subject,
        "500 API keys expire within 1 day: key 0, key 1, key 2 and 497 more"
    );
    for (access_key, _) in &keys[..500] {
        let form = format!("{BASE}/preferences/api-control/{access_key}#extend");
        assert!(content.text.contains(&format!("Extend: {form}\n")));
        assert!(content.html.contains(&format!("href=\"{form}\"")));
    }
    assert!(!content.text.contains("not listed"));
    assert!(content.html.len() < 250_000, "{} bytes", content.html.len());

    let content = digest(HEAD, Zone::utc(), NOON, &notices, None);
    assert_eq!(content.text.matches("Extend: ").count(), 5_000);
    assert!(content.text.contains(
        "2 more keys aren't listed here. See all: https://keys.example.com/preferences/api-control\n"
    ));
    assert!(content.html.contains("2 more keys aren't listed here. <a "));
    assert!(content.html.len() + content.text.len() < 5_000_000);
}

pub fn stop() -> Stop {
    Stop {
        page: LINK.to_owned(),
        one_click: "https://keys.example.com/unsubscribe?token=t".to_owned(),
    }
}

/// A recipient without an account gets a link to a page that works for them.
#[test]
fn a_second_recipient_can_stop_the_notices() {
    let notices = [notice("kh_0", "n", NOON)];
    let stop = stop();
    let content = digest(HEAD, Zone::utc(), NOON, &notices, Some(&stop));
    assert_eq!(
        content.unsubscribe,
        Some(Unsubscribe::OneClick(stop.one_click))
    );
    assert!(
        content
            .text
            .ends_with(&format!("Stop these notices: {LINK}\n"))
    );
    assert!(content.html.contains(">Stop these notices</a>"));
    for part in [&content.text, &content.html] {
        assert!(!part.contains("/preferences/notices"), "{part}");
    }
}

/// D7: names are data, whatever they contain.
#[test]
fn hostile_names_stay_names() {
    let hostile = [
        "<script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "a\r\nBcc: evil@example.com\r\n\r\nbody",
        "\u{202e}gnp.exe\u{2066}",
        "</div></body><!--",
        "&amp; {{7*7}} %s 🗝 \u{5de}\u{5e4}\u{5ea}\u{5d7}",
    ];
    let notices: Vec<Notice> = hostile
        .iter()
        .enumerate()
        .map(|(n, name)| {
            notice(
                ["kh_0", "kh_1", "kh_2", "kh_3", "kh_4", "kh_5"][n],
                name,
                NOON + DAY_MS,
            )
        })
        .collect();
    let content = digest(HEAD, Zone::utc(), NOON, &notices, None);
    for harmful in [
        "<script",
        "\" on",
        "</body><!--",
        "\r",
        "\nBcc",
        "\u{202e}",
        "\u{2066}",
    ] {
        assert!(!content.html.contains(harmful), "{harmful:?}");
    }
    for harmful in ["\r", "\nBcc", "\u{202e}", "\u{2066}"] {
        assert!(!content.text.contains(harmful), "{harmful:?}");
    }
    assert!(!content.subject.contains(['\r', '\n']));
    insta::assert_snapshot!(whole(&content));
}

#[test]
fn the_mails_of_links() {
    insta::assert_snapshot!("confirm_address", whole(&confirm_address(HEAD, LINK)));
    insta::assert_snapshot!(
        "confirm_second_recipient",
        whole(&confirm_second_recipient(HEAD, "owner@example.com", LINK))
    );
    insta::assert_snapshot!("reset_password", whole(&reset_password(HEAD, LINK, true)));
    insta::assert_snapshot!(
        "reset_password_of_an_unconfirmed_address",
        whole(&reset_password(HEAD, LINK, false))
    );
    insta::assert_snapshot!(
        "change_address",
        whole(&change_address(
            HEAD,
            "owner@example.com",
            "new@example.com",
            LINK
        ))
    );
    insta::assert_snapshot!(
        "address_asked",
        whole(&address_asked(HEAD, Some("new@example.com")))
    );
    insta::assert_snapshot!("address_changed", whole(&address_changed(HEAD, WHEN)));
    insta::assert_snapshot!("account_deleted", whole(&account_deleted(HEAD, WHEN, 12)));
    insta::assert_snapshot!(
        "password_changed",
        whole(&password_changed(HEAD, WHEN, None))
    );
    insta::assert_snapshot!(
        "password_changed_by_a_claim",
        whole(&password_changed(HEAD, WHEN, Some(2)))
    );
    insta::assert_snapshot!(
        "operator_tokens",
        whole(&tokens(HEAD, NOON, &some_tokens()))
    );
    insta::assert_snapshot!("test_mail", whole(&test_mail(HEAD)));
}

fn some_tokens() -> [TokenNotice<'static>; 2] {
    [
        TokenNotice {
            id: "tok_0000000000000001",
            name: "<b>old</b>",
            expires_at: NOON - HOUR,
        },
        TokenNotice {
            id: "tok_0000000000000002",
            name: "deployment",
            expires_at: NOON + 7 * DAY_MS,
        },
    ]
}

/// Mails use calm words, and nothing that a mail program would have to fetch.
#[test]
fn every_mail_keeps_to_the_tone() {
    let notices = [notice("kh_0", "n", NOON), notice("kh_1", "n", NOON + 1)];
    for content in [
        digest(HEAD, Zone::utc(), NOON, &notices, None),
        confirm_address(HEAD, LINK),
        confirm_second_recipient(HEAD, "owner@example.com", LINK),
        reset_password(HEAD, LINK, true),
        reset_password(HEAD, LINK, false),
        password_changed(HEAD, WHEN, Some(2)),
        change_address(HEAD, "owner@example.com", "new@example.com", LINK),
        address_asked(HEAD, None),
        address_changed(HEAD, WHEN),
        account_deleted(HEAD, WHEN, 0),
        account_deleted(HEAD, WHEN, 1),
        tokens(HEAD, NOON, &some_tokens()),
        tokens(HEAD, NOON, &some_tokens()[1..]),
        test_mail(HEAD),
    ] {
        let html = content.html.replace("<!DOCTYPE html>", "");
        for text in [&content.subject, &content.text, &html] {
            assert!(
                !text.contains('!') && !text.to_lowercase().contains("oops"),
                "{text}"
            );
            assert!(text.is_ascii(), "fixed words need no encoding: {text}");
        }
        for fetched in ["<img", "<style", "<link", "<script", "url(", "src="] {
            assert!(!html.contains(fetched), "{fetched}: {html}");
        }
        assert!(html.contains("name=\"color-scheme\" content=\"light dark\""));
        assert!(
            content.text.lines().all(|line| line.len() < 400),
            "{}",
            content.text
        );
    }
}

#[test]
fn an_operator_who_expired_a_key_is_named_with_the_reason() {
    let by = |expired_by| {
        let leaked = Notice {
            expired_manually: true,
            expired_by,
            ..notice("kh_0", "leaked", NOON - 1)
        };
        digest(HEAD, Zone::utc(), NOON, &[leaked], None)
    };
    let content = by(Some(("support-anna", "leaked on <GitHub>")));
    let text = "Expired by the operator (support-anna): leaked on <GitHub>";
    assert!(content.text.contains(text), "{}", content.text);
    assert!(content.html.contains("leaked on &lt;GitHub&gt;"));
    let content = by(Some(("sync", "")));
    assert!(content.text.contains("Expired by the operator (sync)."));
    assert!(
        by(None)
            .text
            .contains("by someone with access to the account")
    );
}

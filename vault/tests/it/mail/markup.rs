//! Texts of customers in mails.

use shared::DAY_MS;
use vault::mail::compose::{Notice, confirm_second_recipient, digest};
use vault::test_support::NOON;
use vault::zones::Zone;

use super::compose::{HEAD, LINK, notice, stop};

/// A name or an address adds no tag or attribute to a mail's HTML, and no line to its headers.
#[test]
fn no_text_is_markup_in_a_mail() {
    let mails = |text: &str| {
        let notices = [
            notice("kh_0000000000000001", text, NOON + DAY_MS),
            Notice {
                failing: Some((2, NOON - 40_000)),
                ..notice("kh_0000000000000002", text, NOON - DAY_MS)
            },
        ];
        [
            digest(HEAD, Zone::utc(), NOON, &notices, Some(&stop())),
            confirm_second_recipient(HEAD, text, LINK),
        ]
    };
    // Escaped text contains none of these characters, so only markup is counted.
    let markup = |html: &str| html.matches(['<', '>', '"']).count();
    let harmless = mails("harmless");
    for text in [
        "</title><script>pwn(1)</script>",
        "</style></td></table><meta http-equiv=refresh content=0;url=//evil.example>",
        "</textarea><svg onload=pwn(1)>",
        "]]><!--",
        "--><img src=x onerror=pwn(1)>",
        "\" onmouseover=\"pwn(1)",
        "<https://evil.example>",
    ] {
        for (hostile, harmless) in mails(text).iter().zip(&harmless) {
            assert_eq!(markup(&hostile.html), markup(&harmless.html), "{text}");
            assert!(!hostile.html.contains(text), "{text}");
            assert!(hostile.text.contains(text), "the text part has it as it is");
            assert_eq!(hostile.text.lines().count(), harmless.text.lines().count());
            assert!(!hostile.subject.contains(['\r', '\n']));
        }
    }
}

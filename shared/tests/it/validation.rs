//! The one validator: its bounds, what it refuses, and that it is total.

use proptest::prelude::*;
use shared::expiry::{Expiry, ExpiryError};
use shared::validation::{
    DEFAULT_WARNING_DAYS, DESCRIPTION_MAX_CHARS, FieldErrors, KeyChange, KeyForm, NAME_MAX_CHARS,
    WARNING_DAYS, email, expiry, key_change, key_description, key_form, key_name, new_password,
    warning_days,
};

/// The bounds are in characters as people count code points, not in bytes.
#[test]
fn a_name_has_1_to_80_characters() {
    for char in ['a', 'ß', '漢', '🔑'] {
        let name = |count| char.to_string().repeat(count);
        assert_eq!(key_name(&name(1)), Ok(name(1)));
        assert_eq!(key_name(&name(80)), Ok(name(80)));
        assert_eq!(
            key_name(&name(81)),
            Err("The name has 81 characters; at most 80 fit.".to_owned())
        );
    }
    assert_eq!(
        key_name(&"x".repeat(10_000)),
        Err("The name has 10000 characters; at most 80 fit.".to_owned())
    );
}

/// Blanks around a name are not part of it and do not count.
#[test]
fn a_name_is_trimmed() {
    assert_eq!(
        key_name(" \t\u{3000}Billing job\r\n"),
        Ok("Billing job".to_owned())
    );
    assert_eq!(
        key_name(&format!("  {}  ", "x".repeat(80))),
        Ok("x".repeat(80))
    );
}

/// Deleting asks for the name: a name that nobody can see could not be typed.
#[test]
fn a_name_has_something_to_see() {
    let none = Err("Give the key a name.".to_owned());
    for text in [
        "",
        "   ",
        "\r\n",
        "\0",
        "\u{200b}",
        "\u{200d}\u{200d}",
        "\u{feff}",
        "\u{ad}",
        "\u{2060}",
        "\u{206a}",
        "\u{3164}",
        "\u{115f}",
        "\u{ffa0}",
        "\u{fe0f}",
        "\u{e0041}",
        "\u{180e}",
        "\u{2800}",
        "\u{200e} \u{200f}",
        "\u{202e}",
    ] {
        assert_eq!(key_name(text), none, "{text:?}");
    }
}

/// B7: a name must not rewrite the row, mail or log line in which it stands.
#[test]
fn a_name_is_one_line_in_its_own_direction() {
    for char in [
        '\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}', '\u{202a}',
        '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
        '\u{2069}',
    ] {
        let message = key_name(&format!("a{char}b")).expect_err("a forbidden character was let in");
        assert!(
            message.starts_with("A name is one line of text"),
            "{char:?}: {message}"
        );
    }
    assert!(key_name("Name\r\nBcc: all@example.com").is_err());
}

/// B7: hostile and foreign texts that harm nothing are stored as they are, not mangled.
#[test]
fn a_harmless_name_is_kept_as_it_is() {
    for name in [
        "Default key",
        "<script>alert(1)</script>",
        "'; DROP TABLE keys; --",
        "👩‍👩‍👧‍👦 family",
        "🏳️‍🌈",
        "می‌خواهم",
        "مفتاح الإنتاج",
        "=HYPERLINK(\"x\")",
        "e\u{301}",
        "a\u{200b}b",
        "%00 ${HOME} {{name}}",
    ] {
        assert_eq!(key_name(name), Ok(name.to_owned()));
    }
}

/// A browser counts a line break as one character and sends two: 500 on the page are 500 here.
#[test]
fn a_description_has_up_to_500_characters() {
    assert_eq!(key_description(""), Ok(String::new()));
    assert_eq!(key_description(" \n "), Ok(String::new()));
    assert_eq!(key_description(&"🔑".repeat(500)), Ok("🔑".repeat(500)));
    assert_eq!(
        key_description(&"x".repeat(501)),
        Err("The description has 501 characters; at most 500 fit.".to_owned())
    );
    assert_eq!(
        key_description(&"x\r\n".repeat(250)),
        Ok("x\n".repeat(250).trim().to_owned())
    );
}

#[test]
fn a_description_has_lines_but_no_control_characters() {
    assert_eq!(
        key_description("one\r\ntwo\nthree"),
        Ok("one\ntwo\nthree".to_owned())
    );
    for text in [
        "a\0b",
        "a\rb",
        "a\u{1b}[31mb",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{85}b",
        "a\u{2028}b",
    ] {
        let message = key_description(text).expect_err("a forbidden character was let in");
        assert!(
            message.starts_with("A description is plain text"),
            "{text:?}: {message}"
        );
    }
}

/// One person is one account, however the address is typed.
#[test]
fn an_address_is_stored_in_one_way() {
    assert_eq!(
        email("  Ada.Lovelace+Keys@Example.COM \r\n"),
        Ok("ada.lovelace+keys@example.com".to_owned())
    );
    for address in [
        "a@b",
        "a@localhost",
        "o'brien@example.com",
        "#!$%&'*+/=?^_`{|}~-@x-y.example",
        "1@2.3",
    ] {
        assert_eq!(email(address), Ok(address.to_owned()));
    }
}

/// What is no address is refused before a mail could be sent to it; line breaks would add headers.
#[test]
fn what_is_no_address_is_refused() {
    assert_eq!(email("  "), Err("Enter your e-mail address.".to_owned()));
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_label = format!("a@{}.com", "b".repeat(64));
    for address in [
        "a",
        "@",
        "a@",
        "@b",
        "a@@b",
        "a@b@c",
        ".a@b",
        "a.@b",
        "a..b@c",
        "a b@c",
        "a@b c",
        "a@b..c",
        "a@.b",
        "a@b.",
        "a@-b",
        "a@b-",
        "a@b_c",
        "a@b\r\nBcc: c@d",
        "a\0@b",
        "ä@b.example",
        "a@bücher.example",
        "\"a\"@b",
        "<a@b>",
        "a@[127.0.0.1]",
        "a,b@c",
        &long_local,
        &long_label,
    ] {
        assert_eq!(
            email(address),
            Err("This is not an e-mail address.".to_owned()),
            "{address:?}"
        );
    }
}

/// RFC 5321's limits: 254 in all, 64 before the sign, 63 a label.
#[test]
fn an_address_has_the_length_of_rfc_5321() {
    let label = "d".repeat(63);
    let of_length = |length: usize| {
        let local = "l".repeat(64);
        let rest = length - 64 - 1 - 2 * 64;
        format!("{local}@{label}.{label}.{}", "e".repeat(rest))
    };
    assert_eq!(email(&of_length(254)), Ok(of_length(254)));
    assert_eq!(
        email(&of_length(255)),
        Err("The address has 255 characters; at most 254 fit.".to_owned())
    );
}

/// B5: at least 8, at least 64 allowed, any character, nothing trimmed, bounded.
#[test]
fn a_password_has_8_to_256_characters_of_any_kind() {
    assert_eq!(new_password(""), Err("Choose a password.".to_owned()));
    assert_eq!(
        new_password("1234567"),
        Err("Use at least 8 characters.".to_owned())
    );
    assert_eq!(
        new_password(&"🔑".repeat(7)),
        Err("Use at least 8 characters.".to_owned())
    );
    assert_eq!(
        new_password(&"x".repeat(257)),
        Err("Use at most 256 characters.".to_owned())
    );
    for password in [
        "12345678",
        "        ",
        "\u{202e}\0\r\n\té漢🔑",
        &"x".repeat(64),
        &"🔑".repeat(256),
    ] {
        assert_eq!(new_password(password), Ok(()), "{password:?}");
    }
}

#[test]
fn a_warning_window_has_1_to_90_days() {
    for days in WARNING_DAYS {
        assert_eq!(warning_days(&format!(" {days} ")), Ok(days));
    }
    assert!(WARNING_DAYS.contains(&DEFAULT_WARNING_DAYS));
    for text in [
        "",
        "0",
        "91",
        "-1",
        "14.5",
        "14d",
        "1e1",
        "fourteen",
        "99999999999999999999",
        "١٤",
        "\0",
    ] {
        assert_eq!(
            warning_days(text),
            Err("Enter a number of days from 1 to 90.".to_owned()),
            "{text:?}"
        );
    }
}

/// A person corrects a form once, not field after field.
#[test]
fn a_form_collects_all_messages_at_once() {
    let errors =
        key_form("", &"x".repeat(501), "soon").expect_err("three bad fields were accepted");
    assert_eq!(
        errors.0.keys().collect::<Vec<_>>(),
        ["description", "expiry", "name"]
    );
    assert_eq!(errors.get("name"), Some("Give the key a name."));
    assert_eq!(
        errors.get("expiry"),
        Some(ExpiryError::Unreadable.to_string().as_str())
    );
    for (form, field) in [
        (key_form("", "", "never"), "name"),
        (key_form("n", "\0x", "never"), "description"),
        (key_form("n", "", ""), "expiry"),
    ] {
        let errors = form.expect_err("a bad field was accepted");
        assert_eq!(errors.0.keys().collect::<Vec<_>>(), [field]);
    }
}

#[test]
fn a_form_gives_what_is_to_be_stored() {
    assert_eq!(
        key_form(" Billing ", " one\r\ntwo ", " 90d "),
        Ok(KeyForm {
            name: "Billing".to_owned(),
            description: "one\ntwo".to_owned(),
            expiry: Expiry::Days(90)
        })
    );
    assert_eq!(expiry("never"), Ok(Expiry::Never));
    assert_eq!(
        expiry(""),
        Err(FieldErrors::one("expiry", "Choose when the key expires."))
    );
}

/// What an edit leaves out is not checked, and what it names is checked as for a new key.
#[test]
fn an_edit_is_checked_as_far_as_it_goes() {
    let nothing = KeyChange {
        name: None,
        description: None,
        expiry: None,
    };
    assert_eq!(key_change(None, None, None), Ok(nothing.clone()));
    assert_eq!(
        key_change(None, Some(""), None),
        Ok(KeyChange {
            description: Some(String::new()),
            ..nothing
        })
    );
    let long = "y".repeat(DESCRIPTION_MAX_CHARS + 1);
    let errors = key_change(Some(" "), Some(&long), Some("")).expect_err("all are wrong");
    assert_eq!(
        errors.0.keys().collect::<Vec<_>>(),
        ["description", "expiry", "name"]
    );
}

/// The contract of server functions: `"fields":{name: message}`.
#[test]
fn messages_travel_as_a_plain_map() -> Result<(), serde_json::Error> {
    let mut errors = FieldErrors::one("name", "first");
    errors.add("name", "second");
    errors.add("expiry", "third");
    let json = serde_json::to_string(&errors)?;
    assert_eq!(json, r#"{"expiry":"third","name":"second"}"#);
    assert_eq!(serde_json::from_str::<FieldErrors>(&json)?, errors);
    assert!(FieldErrors::default().is_empty() && !errors.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(crate::seeded::cases(1000))]

    /// What was accepted once is accepted again unchanged: editing a key without a change changes nothing.
    #[test]
    fn what_is_accepted_stays_as_it_is(text in any::<String>(), printable in "\\PC{1,90}") {
        for text in [text, printable] {
            if let Ok(name) = key_name(&text) {
                prop_assert!((1..=NAME_MAX_CHARS).contains(&name.chars().count()));
                prop_assert!(!name.contains(char::is_control));
                prop_assert_eq!(key_name(&name), Ok(name.clone()));
            }
            if let Ok(description) = key_description(&text) {
                prop_assert!(description.chars().count() <= DESCRIPTION_MAX_CHARS);
                prop_assert_eq!(key_description(&description), Ok(description.clone()));
            }
        }
    }

    /// Every address of the usual form is taken, and is stored in lower case.
    #[test]
    fn usual_addresses_are_accepted(address in "[A-Za-z0-9+_-]{1,20}(\\.[A-Za-z0-9+_-]{1,20}){0,2}@[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?(\\.[a-z]{2,10}){0,3}") {
        prop_assert_eq!(email(&address), Ok(address.to_lowercase()));
    }

    /// The validators are total, and an accepted address can never carry a second mail header.
    #[test]
    fn no_text_makes_a_validator_panic(text in any::<String>(), hostile in "[a@.\\-\r\n\0 é]{0,20}") {
        for text in [text, hostile] {
            let _ = (new_password(&text), warning_days(&text), expiry(&text), key_form(&text, &text, &text));
            if let Ok(address) = email(&text) {
                prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}

/// Runs of blanks, and other blanks than the ordinary one, look like one: what cannot be told apart is one name.
#[test]
fn a_name_has_one_blank_where_there_are_several() {
    for text in [
        "billing  cron",
        "billing\u{a0}cron",
        "billing \u{2009}\u{3000}cron",
        "\u{202a}billing cron\u{202c}",
        "\u{2068}billing\u{a0} cron\u{2069} ",
    ] {
        assert_eq!(key_name(text), Ok("billing cron".to_owned()), "{text:?}");
    }
    let path = "\u{202a}C:\\Users\\ada";
    assert_eq!(key_name(path), Ok("C:\\Users\\ada".to_owned()));
    assert_eq!(key_description(path), Ok("C:\\Users\\ada".to_owned()));
}

/// What cannot be seen is named, with the place where it is.
#[test]
fn an_unseen_character_is_named() {
    let message = |text: &str| key_name(text).err().unwrap_or_default();
    assert!(message("billing\tcron").ends_with("there is a tab after “billing”."));
    assert!(message("a b\ncron").ends_with("there is a line break after “b”."));
    assert!(message("a\u{202e}b").ends_with("a text-direction character (U+202E) after “a”."));
    assert!(message("\u{7}bell").ends_with("a control character (U+0007) at its start."));
}

//! The one validator: its bounds, what it refuses, and that it is total.

use proptest::prelude::*;
use shared::expiry::{Expiry, ExpiryError};
use shared::validation::{
    DEFAULT_WARNING_DAYS, DESCRIPTION_MAX_CHARS, FieldErrors, KeyChange, KeyForm, NAME_MAX_CHARS,
    WARNING_DAYS, email, expiry, key_change, key_description, key_form, key_name, new_password,
    warning_days,
};

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
    assert_eq!(email("  "), Err("Enter your email address.".to_owned()));
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
            Err("This isn't an email address.".to_owned()),
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
        Err("The address has 255 characters; the limit is 254.".to_owned())
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

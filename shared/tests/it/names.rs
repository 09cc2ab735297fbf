//! What may be a key's name and description, and how they are stored.

use shared::validation::{key_description, key_name};

/// The bounds are in characters as people count code points, not in bytes.
#[test]
fn a_name_has_1_to_80_characters() {
    for char in ['a', 'ß', '漢', '🔑'] {
        let name = |count| char.to_string().repeat(count);
        assert_eq!(key_name(&name(1)), Ok(name(1)));
        assert_eq!(key_name(&name(80)), Ok(name(80)));
        assert_eq!(
            key_name(&name(81)),
            Err("The name has 81 characters; the limit is 80.".to_owned())
        );
    }
    assert_eq!(
        key_name(&"x".repeat(10_000)),
        Err("The name has 10000 characters; the limit is 80.".to_owned())
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

/// Deleting asks for the name: a name that cannot be seen could not be typed.
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
            message.starts_with("A name is a single line of text"),
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
        Err("The description has 501 characters; the limit is 500.".to_owned())
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
    assert!(message("billing\tcron").ends_with("this one contains a tab after “billing”."));
    assert!(message("a b\ncron").ends_with("this one contains a line break after “b”."));
    assert!(message("a\u{202e}b").ends_with("a text-direction character (U+202E) after “a”."));
    assert!(message("\u{7}bell").ends_with("a control character (U+0007) at its start."));
}

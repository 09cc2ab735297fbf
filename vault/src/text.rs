//! Normal forms of text, for storage and comparison. One look has many spellings: "ä" is one code point or two, a blank
//! is one of twenty, an apostrophe is straight or curved. Text is stored in one spelling, and compared by its look.
//!
//! This is not in `shared`, to keep its tables out of the browser.

use idna::AsciiDenyList;
use shared::token::AccessKey;
use shared::validation;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The version of the rule of [`folded`]. Each change of the rule increments it, so that the next start applies the new
/// rule to stored text.
pub(crate) const EDITION: i64 = 2;

/// Returns the composed spelling (Unicode's form C), which is the shortest and the one most keyboards produce.
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Returns the common form of texts that look alike.
pub fn seen(text: &str) -> String {
    let alike = text.nfkc().map(|char| match char {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201f}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    });
    let mut seen = String::with_capacity(text.len());
    let mut blank = false;
    for char in alike {
        if char.is_whitespace() {
            blank = true;
            continue;
        }
        if blank {
            seen.push(' ');
            blank = false;
        }
        seen.push(char);
    }
    if blank {
        seen.push(' ');
    }
    seen
}

/// Returns the form for searching and sorting: as seen, in lower case, and without accents, so that "Ä" is found with
/// "a" and sorted beside it.
pub fn plain(text: &str) -> String {
    // Only the accents of Latin, Greek and Cyrillic: in other scripts a mark is a letter of its own.
    let accent = |char: &char| is_combining_mark(*char) && ('\u{300}'..='\u{36f}').contains(char);
    let bare: String = seen(text).nfd().filter(|char| !accent(char)).collect();
    bare.nfc().collect::<String>().to_lowercase()
}

/// Returns the column for searching and sorting by name: name, description and access key, one per line.
pub fn folded(name: &str, description: &str, access_key: AccessKey) -> String {
    lines(name, description, &access_key.to_string())
}

/// Returns the same for an access key as it is stored.
pub(crate) fn lines(name: &str, description: &str, access_key: &str) -> String {
    format!(
        "{}\n{}\n{access_key}",
        plain(name).trim(),
        plain(description)
    )
}

/// Returns the column for searching an account: id, the company's own id, name and address, one per line.
pub(crate) fn account_lines(id: &str, external_id: &str, name: &str, email: &str) -> String {
    [id, external_id, name, email]
        .map(|text| plain(text).trim().to_owned())
        .join("\n")
}

/// Returns an email address as it is stored. A domain with other letters than ASCII's is written in its DNS form
/// (IDNA).
///
/// # Errors
/// A sentence for the field.
pub fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_ascii() {
        return validation::email(text);
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return validation::email(text);
    };
    if let Some(char) = local.chars().find(|char| !char.is_ascii()) {
        return Err(format!(
            "The part before the @ contains {char:?}, but email addresses can only have ASCII characters there."
        ));
    }
    let domain = composed(domain);
    match idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3) {
        Ok(ascii) => validation::email(&format!("{local}@{ascii}")),
        Err(_) => Err("The part after the @ isn't a domain name.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_are_seen_alike() {
        for (one, other) in [
            ("billing  cron", "billing cron"),
            ("billing\u{a0}cron", "billing cron"),
            ("billing\u{3000}\u{2009}cron", "billing cron"),
            ("Mo\u{308}wen", "Möwen"),
            ("Ada’s key", "Ada's key"),
            ("“live”", "\"live\""),
            ("a–b", "a-b"),
        ] {
            assert_eq!(seen(one), seen(other), "{one:?}");
        }
        for (one, other) in [("billing", "Billing"), ("a b", "ab"), ("Möwen", "Mowen")] {
            assert_ne!(seen(one), seen(other), "{one:?}");
        }
    }

    #[test]
    fn sorting_and_searching_go_without_case_and_accents() {
        for (one, other) in [
            ("Ärger", "arger"),
            ("E\u{301}clair", "éclair"),
            ("ÅNGSTRÖM", "angstrom"),
            ("Ёлка", "елка"),
        ] {
            assert_eq!(plain(one), plain(other), "{one:?}");
        }
        // Marks that are letters stay.
        assert_ne!(plain("が"), plain("か"));
        assert_ne!(plain("कि"), plain("क"));
    }

    #[test]
    fn a_domain_is_written_as_the_dns_has_it() {
        let stored = |text: &str| email(text).unwrap_or_else(|message| message);
        for (typed, expected) in [
            ("user@exämple.com", "user@xn--exmple-cua.com"),
            (" User@EXÄMPLE.com ", "user@xn--exmple-cua.com"),
            ("user@exa\u{308}mple.com", "user@xn--exmple-cua.com"),
            ("user@例え。jp", "user@xn--r8jz45g.jp"),
            ("user@example.com", "user@example.com"),
        ] {
            assert_eq!(stored(typed), expected, "{typed}");
        }
        assert!(stored("üser@example.com").contains("'ü'"));
        assert!(stored("üser@exämple.com").contains("before the @"));
        assert!(stored("user@exä mple.com").contains("isn't a domain name"));
        assert!(stored("exämple").contains("isn't an email address"));
    }
}

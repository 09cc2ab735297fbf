//! The one validator of input: the browser calls it before sending, the server functions and the REST API before doing
//! anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expiry::{Expiry, ExpiryError};

pub const NAME_MAX_CHARS: usize = 80;
pub const DESCRIPTION_MAX_CHARS: usize = 500;
/// RFC 5321, section 4.5.3.1.3, less the angle brackets.
pub const EMAIL_MAX_CHARS: usize = 254;
/// OWASP ASVS 5.0, 6.2.1 and 6.2.9: at least 8 characters, at least 64 allowed.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// A bound on the length of hashed input, far above any passphrase.
pub const PASSWORD_MAX_CHARS: usize = 256;
pub const WARNING_DAYS: std::ops::RangeInclusive<i64> = 1..=90;
pub const DEFAULT_WARNING_DAYS: i64 = 14;

/// Messages by field name; empty if there is no error.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(pub BTreeMap<String, String>);

impl FieldErrors {
    /// One message for one field.
    pub fn one(field: &str, message: impl ToString) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over texts and errors alike"
    )]
    pub fn add(&mut self, field: &str, message: impl ToString) {
        self.0.insert(field.to_owned(), message.to_string());
    }

    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the value of a check, or its message under `field`.
    pub fn check<T>(&mut self, field: &str, result: Result<T, impl ToString>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(message) => {
                self.add(field, message);
                None
            }
        }
    }
}

/// A key's name as it is stored: trimmed, 1 to 80 visible characters on one line.
pub fn key_name(text: &str) -> Result<String, String> {
    let name = one_blank(bare(text));
    if !name.chars().any(is_visible) {
        return Err("Give the key a name.".to_owned());
    }
    at_most(&name, NAME_MAX_CHARS, "name")?;
    if let Some(what) = forbidden(&name, |_| false) {
        return Err(format!(
            "A name is a single line of text, but this one contains {what}."
        ));
    }
    Ok(name)
}

/// A key's description as it is stored: trimmed, at most 500 characters, lines ending in LF.
pub fn key_description(text: &str) -> Result<String, String> {
    let description = bare(text).replace("\r\n", "\n");
    at_most(&description, DESCRIPTION_MAX_CHARS, "description")?;
    if let Some(what) = forbidden(&description, |char| char == '\n') {
        return Err(format!(
            "A description is plain text, but this one contains {what}."
        ));
    }
    Ok(description)
}

/// An address as it is stored: trimmed, lower case. The form is that of the HTML standard's email input,
/// <https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>, less what no mail can be sent to:
/// dots at the ends of the local part and beside each other (RFC 5321, section 4.1.2, Dot-string).
pub fn email(text: &str) -> Result<String, String> {
    let address = text.trim().to_ascii_lowercase();
    if address.is_empty() {
        return Err("Enter your email address.".to_owned());
    }
    at_most(&address, EMAIL_MAX_CHARS, "address")?;
    let well_formed = address.split_once('@').is_some_and(|(local, domain)| {
        local.len() <= 64
            && local.split('.').all(|part| !part.is_empty())
            && local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
            && domain.split('.').all(is_domain_label)
    });
    if well_formed {
        Ok(address)
    } else {
        Err("This isn't an email address.".to_owned())
    }
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A new password: any characters, taken as they are. The vault checks whether it is a common one.
pub fn new_password(text: &str) -> Result<(), String> {
    match text.chars().count() {
        0 => Err("Choose a password.".to_owned()),
        1..PASSWORD_MIN_CHARS => Err(format!("Use at least {PASSWORD_MIN_CHARS} characters.")),
        PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS => Ok(()),
        _ => Err(format!("Use at most {PASSWORD_MAX_CHARS} characters.")),
    }
}

/// The account's warning window in days.
pub fn warning_days(text: &str) -> Result<i64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|days| WARNING_DAYS.contains(days))
        .ok_or_else(|| {
            format!(
                "Enter a number of days from {} to {}.",
                WARNING_DAYS.start(),
                WARNING_DAYS.end()
            )
        })
}

/// The well-formed content of a key's form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyForm {
    pub name: String,
    pub description: String,
    pub expiry: Expiry,
}

/// Checks a key's form. Of the expiration it checks the grammar; the vault, which has the clock and the zone, checks
/// that it lies ahead.
///
/// # Errors
/// A message for every field that is wrong: `name`, `description`, `expiry`.
pub fn key_form(name: &str, description: &str, expiry: &str) -> Result<KeyForm, FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = errors.check("name", key_name(name));
    let description = errors.check("description", key_description(description));
    let expiry = errors.check("expiry", expiry.parse::<Expiry>());
    match (name, description, expiry) {
        (Some(name), Some(description), Some(expiry)) => Ok(KeyForm {
            name,
            description,
            expiry,
        }),
        _ => Err(errors),
    }
}

/// The well-formed changes of an edit. None leaves a field as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub expiry: Option<Expiry>,
}

/// Checks an edit, as [`key_form`]. None leaves a field as it is.
///
/// # Errors
/// A message for every field that is wrong: `name`, `description`, `expiry`.
pub fn key_change(
    name: Option<&str>,
    description: Option<&str>,
    expiry: Option<&str>,
) -> Result<KeyChange, FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = name.and_then(|name| errors.check("name", key_name(name)));
    let description =
        description.and_then(|text| errors.check("description", key_description(text)));
    let expiry = expiry.and_then(|expiry| errors.check("expiry", expiry.parse::<Expiry>()));
    if errors.is_empty() {
        Ok(KeyChange {
            name,
            description,
            expiry,
        })
    } else {
        Err(errors)
    }
}

/// The expiration alone, as `restore` takes it.
pub fn expiry(text: &str) -> Result<Expiry, FieldErrors> {
    text.parse()
        .map_err(|error: ExpiryError| FieldErrors::one("expiry", error))
}

fn at_most(text: &str, limit: usize, what: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length <= limit {
        Ok(())
    } else {
        Err(format!(
            "The {what} has {length} characters; the limit is {limit}."
        ))
    }
}

/// Trims a text of invisible characters: blanks, and the marks of direction that some programs put around copied text.
fn bare(text: &str) -> &str {
    text.trim_matches(|char: char| char.is_whitespace() || is_direction(char))
}

/// Replaces runs of blanks of any kind by one ordinary blank, because they look alike.
fn one_blank(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        if !char.is_whitespace() || is_forbidden(char) {
            line.push(char);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line
}

/// Describes the first forbidden character of a text and its position, because it is invisible.
fn forbidden(text: &str, but: fn(char) -> bool) -> Option<String> {
    let (at, char) = text
        .char_indices()
        .find(|(_, char)| is_forbidden(*char) && !but(*char))?;
    let what = match char {
        '\t' => "a tab".to_owned(),
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break".to_owned(),
        _ if is_direction(char) => {
            format!("a text-direction character (U+{:04X})", u32::from(char))
        }
        _ => format!("a control character (U+{:04X})", u32::from(char)),
    };
    Some(match text[..at].split_whitespace().next_back() {
        Some(word) => format!("{what} after “{word}”"),
        None => format!("{what} at its start"),
    })
}

/// The marks that reorder the text around them (UAX #9).
fn is_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether a character controls a terminal, breaks a line, or reorders the text around it (UAX #9): a name must
/// not be able to rewrite the row, mail or log line that holds it.
pub fn is_forbidden(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') || is_direction(char)
}

/// Returns whether a character is visible. Zero-width characters are welcome inside a text (joined emoji, Persian), but
/// are not a name. The set is
/// Unicode's `Default_Ignorable_Code_Point`, and the blank Braille pattern.
fn is_visible(char: char) -> bool {
    !char.is_whitespace()
        && !is_forbidden(char)
        && !matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

//! The name and looks under which accounts see the service: in mails, in calendars and in the answers to their programs.

use std::borrow::Cow;

use http::HeaderValue;
use shared::prefix::Prefix;

/// The name that the service has where the operator gives none.
pub const NAME: &str = "Keyhold";

/// The company as its customers see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Brand {
    /// One line of visible characters, at most 40.
    pub name: Cow<'static, str>,
    /// The lines at the foot of every mail, such as the address that law asks for.
    pub mail_footer: Option<String>,
    /// The button in mails.
    pub button: Button,
    /// The prefix of new keys. None: that which the database has, or else Keyhold's own.
    pub key_prefix: Option<Prefix>,
}

/// The colours of a button, as CSS has them: `#085dc7`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Button {
    pub ground: Cow<'static, str>,
    /// The text on the ground, with a contrast of 4.5:1 at least.
    pub text: Cow<'static, str>,
}

impl Brand {
    /// The looks where the operator sets none.
    pub const KEYHOLD: Self = Self {
        name: Cow::Borrowed(NAME),
        mail_footer: None,
        button: Button {
            ground: Cow::Borrowed("#085dc7"),
            text: Cow::Borrowed("#ffffff"),
        },
        key_prefix: None,
    };

    /// Returns the challenge to send credentials (RFC 7617, section 2.1): its charset says that user name and password are
    /// UTF-8. A header has no certain encoding, so a name beyond ASCII is not repeated in it.
    pub(crate) fn challenge(&self) -> HeaderValue {
        if self.name == NAME {
            return HeaderValue::from_static("Basic realm=\"Keyhold\", charset=\"UTF-8\"");
        }
        let name = if self.name.is_ascii() {
            self.name.replace('\\', "\\\\").replace('"', "\\\"")
        } else {
            "API".to_owned()
        };
        HeaderValue::try_from(format!("Basic realm=\"{name}\", charset=\"UTF-8\"")).unwrap_or(
            HeaderValue::from_static("Basic realm=\"API\", charset=\"UTF-8\""),
        )
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self::KEYHOLD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realm_is_the_name_as_a_header_can_have_it() {
        for (name, realm) in [
            (NAME, "\"Keyhold\""),
            ("Acme & Sons", "\"Acme & Sons\""),
            ("The \"A\" \\ B", "\"The \\\"A\\\" \\\\ B\""),
            ("Größe", "\"API\""),
            ("a\r\nb", "\"API\""),
        ] {
            let brand = Brand {
                name: name.into(),
                ..Brand::KEYHOLD
            };
            let expected = format!("Basic realm={realm}, charset=\"UTF-8\"");
            assert_eq!(brand.challenge(), expected.as_str(), "{name}");
        }
    }
}

//! The operator's SMTP server, as one URL.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use shared::loopback::is_loopback_host;
use url::{Host, Url};

const SMTP: u16 = 25;
/// RFC 6409: the port for clients that log in.
const SUBMISSION: u16 = 587;
/// RFC 8314: the port with TLS from the first byte.
const SUBMISSIONS: u16 = 465;

/// `smtp://[user:password@]host[:port][?tls=none|opportunistic|required]` or `smtps://…`. It prints itself without the
/// login, in errors too.
#[derive(Clone, Eq, PartialEq)]
pub struct SmtpUrl {
    /// A name or an IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) login: Option<Login>,
    pub(super) encryption: Encryption,
    /// Whether the password needs a verified certificate if the connection leaves this machine: the URL names this
    /// machine, and no `?tls=` accepts less.
    pub(super) verified_elsewhere: bool,
}

#[derive(Clone, Eq, PartialEq)]
pub(super) struct Login {
    pub user: String,
    pub password: String,
}

/// Protection of the connection to the mail server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encryption {
    None,
    /// STARTTLS if the server offers it, with any certificate, unless [`SmtpUrl::verified_elsewhere`]. If it does not,
    /// a password goes to loopback only.
    Opportunistic,
    /// STARTTLS is required, and the certificate must be the host's.
    Required,
    /// TLS from the first byte, and the certificate must be the host's.
    Wrapper,
}

impl SmtpUrl {
    /// Returns whether the password may be read in transit, which is so only if the operator asked for it.
    pub fn exposes_password(&self) -> bool {
        self.login.is_some()
            && !is_loopback_host(&self.host)
            && matches!(
                self.encryption,
                Encryption::None | Encryption::Opportunistic
            )
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.encryption {
            Encryption::Wrapper => "smtps",
            _ => "smtp",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpUrl({self}, {:?})", self.encryption)
    }
}

/// No error repeats a part of the URL: if a character of the password was not encoded, any part may be a piece of it.
impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).map_err(|reason| format!("KEYHOLD_SMTP_URL {reason}"))
    }
}

fn read(text: &str) -> Result<SmtpUrl, &'static str> {
    const FORM: &str = "must be smtp://host:port or smtps://user:password@host:port, with everything but letters \
                        and digits in user and password percent-encoded";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let wrapper = match url.scheme() {
        "smtp" => false,
        "smtps" => true,
        _ => return Err(FORM),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(FORM);
    }
    let host = match url.host() {
        Some(Host::Domain(name)) if is_host_name(name) => name.to_ascii_lowercase(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Domain(_)) | None => return Err(FORM),
    };
    let login = login(&url)?;
    let port = match url.port() {
        Some(0) => return Err("must not use port 0"),
        Some(port) => port,
        None if wrapper => SUBMISSIONS,
        None if login.is_some() => SUBMISSION,
        None => SMTP,
    };
    let asked = asked_encryption(&url)?;
    let encryption = match (wrapper, asked) {
        (true, None | Some(Encryption::Required)) => Encryption::Wrapper,
        (true, Some(_)) => return Err("is smtps://, which always uses TLS: remove ?tls="),
        (false, Some(asked)) => asked,
        // A password travels only over a connection that others cannot read.
        (false, None) if login.is_some() && !is_loopback_host(&host) => Encryption::Required,
        (false, None) => Encryption::Opportunistic,
    };
    Ok(SmtpUrl {
        verified_elsewhere: encryption == Encryption::Opportunistic
            && asked.is_none()
            && login.is_some(),
        host,
        port,
        login,
        encryption,
    })
}

fn login(url: &Url) -> Result<Option<Login>, &'static str> {
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| "has a user or password that is not UTF-8")?;
        if decoded.chars().any(char::is_control) {
            return Err("has a control character in the user or password");
        }
        Ok(decoded.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => {
            Err("must have both user and password, or neither: smtps://user:password@host")
        }
        (user, Some(password)) => Ok(Some(Login {
            user: decoded(user)?,
            password: decoded(password)?,
        })),
    }
}

fn asked_encryption(url: &Url) -> Result<Option<Encryption>, &'static str> {
    const REFUSED: &str = "accepts one parameter, tls, with the value none, opportunistic or required: smtp://host?tls=required";
    let mut asked = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || asked.is_some() {
            return Err(REFUSED);
        }
        asked = Some(match value.as_ref() {
            "none" => Encryption::None,
            "opportunistic" => Encryption::Opportunistic,
            "required" => Encryption::Required,
            _ => return Err(REFUSED),
        });
    }
    Ok(asked)
}

/// Accepts underscores, which no host name has, but many container names do.
fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> SmtpUrl {
        text.parse().unwrap()
    }

    #[test]
    fn the_port_follows_from_the_rest() {
        for (text, expected) in [
            ("smtp://mail.example.com", "smtp://mail.example.com:25"),
            ("smtp://u:p@mail.example.com", "smtp://mail.example.com:587"),
            ("smtps://mail.example.com", "smtps://mail.example.com:465"),
            (
                "SMTPS://u:p@Mail.Example.com:2465/",
                "smtps://mail.example.com:2465",
            ),
            ("smtp://127.0.0.1:1025", "smtp://127.0.0.1:1025"),
            ("smtp://[::1]:1025", "smtp://[::1]:1025"),
            ("smtp://mail_catcher:1025", "smtp://mail_catcher:1025"),
        ] {
            assert_eq!(parsed(text).to_string(), expected);
        }
    }

    #[test]
    fn a_password_wants_tls_unless_told_otherwise() {
        use Encryption::{None, Opportunistic, Required, Wrapper};
        for (text, encryption, exposes) in [
            ("smtp://mail.example.com", Opportunistic, false),
            ("smtp://u:p@mail.example.com", Required, false),
            ("smtp://u:p@localhost", Opportunistic, false),
            ("smtp://u:p@127.0.0.1", Opportunistic, false),
            ("smtp://u:p@[::1]", Opportunistic, false),
            ("smtp://mail.example.com?tls=required", Required, false),
            ("smtp://localhost?tls=none", None, false),
            ("smtp://u:p@mail.example.com?tls=none", None, true),
            (
                "smtp://u:p@mail.example.com/?tls=opportunistic",
                Opportunistic,
                true,
            ),
            ("smtps://u:p@mail.example.com", Wrapper, false),
            ("smtps://mail.example.com?tls=required", Wrapper, false),
        ] {
            let url = parsed(text);
            assert_eq!(url.encryption, encryption, "{text}");
            assert_eq!(url.exposes_password(), exposes, "{text}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let url = parsed("smtp://us%40er:p%C3%A4ss%2F%3Aw%20rd@mail.example.com");
        let login = url.login.clone().unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.as_str()),
            ("us@er", "päss/:w rd")
        );
        let shown = format!("{url} {url:?} {url:#?}");
        for part in ["us@er", "us%40er", "päss", "p%C3", "w rd"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn errors_do_not_repeat_the_password() {
        for text in [
            "",
            "hunter22",
            "mail.example.com:25",
            "http://mail.example.com",
            "user:hunter22@mail.example.com",
            "hunter22://mail.example.com",
            "smtp://",
            "smtp://:25",
            "smtp:mail.example.com",
            "smtp://user@mail.example.com",
            "smtp://user:@mail.example.com",
            "smtp://:hunter22@mail.example.com",
            "smtp://user:hunter22/x@mail.example.com",
            "smtp://user:hun#ter22@mail.example.com",
            "smtp://user:hun?ter22@mail.example.com",
            "smtp://user:hunter22%00@mail.example.com",
            "smtp://user:hunter22%ff@mail.example.com",
            "smtp://user:hunter22@mail.example.com:0",
            "smtp://user:hunter22@mail.example.com:99999",
            "smtp://user:hunter22@mail.example.com/inbox",
            "smtp://user:hunter22@mail.example.com?tls=perhaps",
            "smtp://user:hunter22@mail.example.com?tls=none&tls=required",
            "smtp://user:hunter22@mail.example.com?hunter22=1",
            "smtp://user:hunter22@mail example.com",
            "smtp://user:hunter22@mäil.example.com",
            "smtps://user:hunter22@mail.example.com?tls=none",
        ] {
            let sentence = text.parse::<SmtpUrl>().unwrap_err();
            assert!(sentence.starts_with("KEYHOLD_SMTP_URL "), "{sentence}");
            assert!(
                !sentence.contains("hunter") && !sentence.contains("ter22"),
                "{text:?}: {sentence}"
            );
        }
    }

    proptest! {
        /// Any user and password arrive unchanged, if they are encoded.
        #[test]
        fn any_login_can_be_written(user in "[^\\p{Cc}]{1,20}", password in "[^\\p{Cc}]{1,20}") {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let url = parsed(&format!("smtps://{}:{}@localhost", encode(&user), encode(&password)));
            let login = url.login.unwrap();
            prop_assert_eq!((login.user, login.password), (user, password));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = text.parse::<SmtpUrl>();
            let _ = format!("smtp://{text}").parse::<SmtpUrl>();
        }
    }
}

//! Addresses in settings, as people may see them: without a login, and without parameters that may hold a secret.

use form_urlencoded::parse;
use url::Url;

/// Stands for what is left out.
const MASK: &str = "***";

/// Stands for a text of which any part may be a piece of a password.
const HIDDEN: &str = "hidden";

/// Parameters of databases and mail servers that hold no secret. A private key may stand in `sslkey`.
const SHOWN: [&str; 7] = [
    "application_name",
    "dbname",
    "host",
    "port",
    "sslmode",
    "sslrootcert",
    "tls",
];

/// Returns an address with `***` in place of its login, and of parameters that may hold a secret: those of a page on the web
/// all may. A text that is not plainly an address is hidden as a whole.
pub fn masked(text: &str) -> String {
    if let Some(mail) = text.strip_prefix("mailto:")
        && !mail.contains('?')
        && vault::text::email(mail).is_ok()
    {
        return text.to_owned();
    }
    Parts::of(text).map_or_else(|| HIDDEN.to_owned(), |parts| parts.shown())
}

/// Returns a wrong value of an address or a list of hosts for the sentence that refuses it, as [`masked`] does: but a text
/// with neither a login nor parameters is shown as it is, so that a slip can be found.
pub fn refused(text: &str) -> String {
    // Browsers take no such address, so whatever it means, a part of it may be a password.
    let has_scheme = text.contains("://");
    let is_plain = !["@", "?", "#", "%40"]
        .iter()
        .any(|part| text.contains(part));
    let is_url = Url::parse(text).is_ok();
    if is_plain && (is_url || !has_scheme) {
        text.to_owned()
    } else if has_scheme && !is_url {
        HIDDEN.to_owned()
    } else {
        masked(text)
    }
}

/// Returns whether the address of a mail server or a database holds a password. A page on the web may have none.
pub fn has_password(text: &str) -> bool {
    match Parts::of(text) {
        Some(parts) => parts.has_password(),
        None => text.contains('@'),
    }
}

/// The parts of an address.
struct Parts<'a> {
    scheme: &'a str,
    login: Option<&'a str>,
    host_and_path: &'a str,
    query: Option<&'a str>,
    fragment: bool,
}

impl<'a> Parts<'a> {
    /// Reads what is plainly an address. A character of a password that is not encoded moves the rest of it to where an
    /// address has something else.
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (place, after) = rest.split_at(end);
        let (query, fragment) = match after.split_once('#') {
            Some((query, _)) => (query, true),
            None => (after, false),
        };
        if after.contains('@') || (fragment && !is_web(scheme)) {
            return None;
        }
        let (login, host_and_path) = match place.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None if may_be_login(text, place) => return None,
            None => (None, place),
        };
        let query = query.strip_prefix('?');
        Some(Self {
            scheme,
            login,
            host_and_path,
            query,
            fragment,
        })
    }

    fn shown(&self) -> String {
        let login = self.login.map_or_else(String::new, |_| format!("{MASK}@"));
        let query = self.query.map_or_else(String::new, |query| {
            if is_web(self.scheme) {
                return format!("?{MASK}");
            }
            let pairs = query.split('&').map(|pair| match pair.split_once('=') {
                _ if is_shown(pair) => pair.to_owned(),
                Some((name, _)) => format!("{name}={MASK}"),
                None => MASK.to_owned(),
            });
            format!("?{}", pairs.collect::<Vec<_>>().join("&"))
        });
        let fragment = if self.fragment { "#***" } else { "" };
        let (scheme, place) = (self.scheme, self.host_and_path);
        format!("{scheme}://{login}{place}{query}{fragment}")
    }

    fn has_password(&self) -> bool {
        let is_secret = |pair| !is_shown(pair) && name_of(pair) != "user";
        !is_web(self.scheme)
            && (self.login.is_some_and(|login| login.contains(':'))
                || self
                    .query
                    .is_some_and(|query| query.split('&').any(is_secret)))
    }
}

/// Returns whether what stands where an address has its host is a login whose @ is missing or encoded.
fn may_be_login(text: &str, place: &str) -> bool {
    let host = place.split('/').next().unwrap_or_default();
    host.contains("%40") || (host.contains(':') && Url::parse(text).is_err())
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

/// Returns the decoded name of a parameter.
fn name_of(pair: &str) -> String {
    let name = parse(pair.as_bytes()).next().map(|(name, _)| name);
    name.unwrap_or_default().into_owned()
}

fn is_shown(pair: &str) -> bool {
    pair.is_empty() || SHOWN.contains(&&*name_of(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_masked_and_parameters_with_secrets() {
        for (text, shown, holds_password) in [
            (
                "sqlite://data/keyhold.db",
                "sqlite://data/keyhold.db",
                false,
            ),
            (
                "smtp://mail.example.com:25",
                "smtp://mail.example.com:25",
                false,
            ),
            ("smtps://u:hunter22@mail", "smtps://***@mail", true),
            ("smtps://u:hunter22/@mail", "smtps://***@mail", true),
            (
                "smtp://u:hun@ter22@mail?tls=none",
                "smtp://***@mail?tls=none",
                true,
            ),
            ("postgres://kh@db/keys", "postgres://***@db/keys", false),
            (
                "postgres://db/keys?user=kh",
                "postgres://db/keys?user=***",
                false,
            ),
            (
                "postgres://db/keys?hunter22",
                "postgres://db/keys?***",
                true,
            ),
            (
                "postgres://kh:hunter22@db:5433/keys?sslmode=require",
                "postgres://***@db:5433/keys?sslmode=require",
                true,
            ),
            (
                "postgres:///keys?host=/run/postgresql&password=hunter22&sslkey=-----BEGIN hunter",
                "postgres:///keys?host=/run/postgresql&password=***&sslkey=***",
                true,
            ),
            (
                "postgres:///keys?p%61ssword=hunter22",
                "postgres:///keys?p%61ssword=***",
                true,
            ),
            (
                "postgres://kh:12/hunter22@db/keys",
                "postgres://***@db/keys",
                true,
            ),
            ("postgres://kh:12@db/keys#hunter22", "hidden", true),
            ("smtps://u:hun?ter22@mail", "hidden", true),
            ("smtps://u:hunter22%40mail", "hidden", false),
            ("smtps://u:hunter22", "hidden", false),
            ("smtp://[::1]:25", "smtp://[::1]:25", false),
            ("sqlite://a b/c:d@e.db", "sqlite://***@e.db", true),
            ("sqlite://a b/c:d.db", "sqlite://a b/c:d.db", false),
            ("hunter22", "hidden", false),
            ("mail.example.com", "hidden", false),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(has_password(text), holds_password, "{text}");
        }
    }

    #[test]
    fn a_page_on_the_web_is_shown_without_its_query() {
        for (text, shown) in [
            (
                "https://app.example.com/keys",
                "https://app.example.com/keys",
            ),
            (
                "https://app.example.com/?tls=none",
                "https://app.example.com/?***",
            ),
            (
                "https://app.example.com/a?hunter22",
                "https://app.example.com/a?***",
            ),
            (
                "https://docs.example.com/#hunter22",
                "https://docs.example.com/#***",
            ),
            (
                "HTTPS://kh:hunter22@a.example/?b#c",
                "HTTPS://***@a.example/?***#***",
            ),
            ("https://hunter22@a.example", "https://***@a.example"),
            ("https://kh:12/hunter22@a.example", "https://***@a.example"),
            ("https:///kh:hunter22@a.example", "https://***@a.example"),
            ("https://kh:12#hunter22@a.example", "hidden"),
            ("mailto:help@example.com", "mailto:help@example.com"),
            ("mailto:kh:hunter22@a.example?hunter22", "hidden"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(refused(text), shown);
            if shown.to_ascii_lowercase().starts_with("http") {
                assert!(!has_password(text), "it may have none: {text}");
            }
        }
    }

    #[test]
    fn a_wrong_address_is_shown_if_it_can_hold_no_password() {
        for text in [
            "/keys",
            "app.example.com:8443/keys",
            "ftp://app.example.com",
            "a.example,*.b.example",
            "mailto:ada",
            "",
        ] {
            assert_eq!(refused(text), text);
        }
        for text in [
            "kh:hunter22@a.example",
            "https:kh:hunter22@a.example",
            "https:\\\\kh:hunter22@a.example",
            "https://kh:hunter22%40a.example",
            "https://kh:hunter22",
            "a.example,hunter22@b.example",
            "a.example?hunter22",
            "kh:hunter22%40a.example",
        ] {
            assert_eq!(refused(text), "hidden", "{text}");
        }
    }
}

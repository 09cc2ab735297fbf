//! The company's own sign-in page, which leads a browser without a session back to the page that it asked for.

use std::fmt::Write;

use crate::redirect::LONGEST;

/// The parameter with the page to come back to: a path and query on this server, with nothing secret in it.
pub const RETURN_TO: &str = "return_to";

/// The pages that are opened with a token: only the holder of a mail's or a portal's link may know their addresses.
const WITH_TOKEN: [&str; 4] = ["/confirm", "/reset-password", "/unsubscribe", "/enter"];

/// The absolute address of the sign-in page, without a fragment. It may have a query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignInUrl(String);

impl SignInUrl {
    /// `address` is one that the configuration has checked.
    pub fn new(address: String) -> Self {
        Self(address)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns host and port, as people are told where they sign in.
    pub fn host(&self) -> &str {
        let (_, rest) = self.0.split_once("://").unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// Returns the address that leads back to `path`, a local one. One that is too long for a `Location`, or is not for other
    /// sites, becomes the Dashboard.
    pub fn leading_to(&self, path: &str) -> String {
        let mut path = encoded(if is_for_others(path) { path } else { "/" });
        if path.len() > LONGEST {
            "/".clone_into(&mut path);
        }
        let and = match self.0.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{and}{RETURN_TO}={path}", self.0)
    }
}

/// Returns whether another site may know a local path: it has no token.
pub fn is_for_others(path: &str) -> bool {
    let page = path.split(['?', '#']).next().unwrap_or_default();
    !WITH_TOKEN.contains(&page.trim_end_matches('/'))
}

/// Returns a value of a query, in the characters that mean themselves there (RFC 3986, section 2.3) and the slash.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leading(address: &str, path: &str) -> String {
        SignInUrl::new(address.to_owned()).leading_to(path)
    }

    #[test]
    fn the_page_to_come_back_to_is_a_parameter() {
        let app = "https://app.example.com/keys";
        for (address, path, expected) in [
            (app, "/", "https://app.example.com/keys?return_to=/"),
            (
                app,
                "/preferences/api-control?q=a%20b&page=2#top",
                "https://app.example.com/keys?return_to=/preferences/api-control%3Fq%3Da%2520b%26page%3D2%23top",
            ),
            (
                "https://app.example.com/?to=keys",
                "/a+b",
                "https://app.example.com/?to=keys&return_to=/a%2Bb",
            ),
            (
                "https://app.example.com/?",
                "/\u{fc}",
                "https://app.example.com/?return_to=/%C3%BC",
            ),
        ] {
            assert_eq!(leading(address, path), expected);
        }
        let dashboard = leading(app, "/");
        let long = format!("/{}", "?".repeat(LONGEST / 3 + 1));
        assert_eq!(
            leading(app, &long),
            dashboard,
            "proxies reject long headers"
        );
        for secret in [
            "/confirm?token=t",
            "/reset-password/?token=t",
            "/enter?code=c",
        ] {
            assert_eq!(leading(app, secret), dashboard, "{secret}");
        }
    }

    #[test]
    fn people_are_told_the_host() {
        for (address, host) in [
            ("https://app.example.com/keys", "app.example.com"),
            ("http://127.0.0.1:5000?a=/", "127.0.0.1:5000"),
            ("https://[::1]:5000/", "[::1]:5000"),
        ] {
            assert_eq!(SignInUrl::new(address.to_owned()).host(), host);
        }
    }
}

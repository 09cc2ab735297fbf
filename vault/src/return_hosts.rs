//! The hosts that a page of Keyhold may lead back to: those of the company, which the operator lists. Any other address
//! would make Keyhold an open redirect (CWE-601).

use std::str::FromStr;

use shared::loopback::is_loopback_host;
use shared::redirect::LONGEST;
use url::{Host, Url};

/// The list of hosts, each with its port or, without one, the scheme's. Empty: no address is allowed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReturnHosts(Vec<(Host, Option<u16>)>);

/// The reason why a text of the list is no host. It shows no part of a text that may hold a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0} is not a host such as app.example.com, with its port if that is another than the scheme's: no scheme, no path, no \
     wildcard"
)]
pub struct NoHost(String);

/// The reasons why Keyhold leads to no such address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAllowed {
    #[error("Give an absolute URL, such as https://app.example.com/settings.")]
    NoUrl,
    #[error("Give a URL of at most {LONGEST} characters.")]
    TooLong,
    #[error("Give an https URL without a password; http is for loopback hosts only.")]
    Scheme,
    #[error("This host is not in KEYHOLD_RETURN_HOSTS.")]
    Host,
}

impl FromStr for ReturnHosts {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(listed)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl ReturnHosts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the address in the spelling of browsers, if its host is on the list.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn allow(&self, address: &str) -> Result<Url, NotAllowed> {
        if address.len() > LONGEST {
            return Err(NotAllowed::TooLong);
        }
        // Browsers leave out blanks and line breaks, and read a backslash as a slash.
        let plain = |char: char| !char.is_control() && !char.is_whitespace() && char != '\\';
        let url = Url::parse(address).map_err(|_| NotAllowed::NoUrl)?;
        if !address.contains("://") || !address.chars().all(plain) {
            return Err(NotAllowed::NoUrl);
        }
        let Some(host) = url.host() else {
            return Err(NotAllowed::NoUrl);
        };
        let safe = match url.scheme() {
            "https" => true,
            "http" => is_loopback_host(&host.to_string()),
            _ => false,
        };
        if !safe || !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed::Scheme);
        }
        let host = without_dot(&host.to_owned());
        let is_listed = |(known, port): &(Host, Option<u16>)| *known == host && *port == url.port();
        if self.0.iter().any(is_listed) {
            Ok(url)
        } else {
            Err(NotAllowed::Host)
        }
    }
}

/// Parses a host as browsers do (WHATWG URL).
fn listed(text: &str) -> Result<(Host, Option<u16>), NoHost> {
    let no_host = || {
        NoHost(if text.contains(['@', '?', '#', '%']) {
            "an address with a login or a query".to_owned()
        } else {
            format!("{text:?}")
        })
    };
    if text.contains(['/', '\\', '?', '#', '@', '*', ' ']) {
        return Err(no_host());
    }
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| no_host())?;
    let host = url.host().ok_or_else(no_host)?;
    let host = without_dot(&host.to_owned());
    if text.ends_with(':') || host == Host::Domain(String::new()) {
        return Err(no_host());
    }
    Ok((host, url.port()))
}

/// A name may end in a dot, and is the same host without it.
fn without_dot(host: &Host) -> Host {
    match host {
        Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_owned()),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &str) -> ReturnHosts {
        list.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn an_address_on_a_listed_host_is_allowed() {
        let hosts =
            hosts(" app.example.com,b\u{fc}cher.example ,127.0.0.1:5000, [::1],https.example:8443");
        for (address, allowed) in [
            (
                "https://app.example.com/settings?tab=keys#top",
                "https://app.example.com/settings?tab=keys#top",
            ),
            ("HTTPS://APP.example.com:443", "https://app.example.com/"),
            ("https://app.example.com./", "https://app.example.com./"),
            (
                "https://xn--bcher-kva.example/",
                "https://xn--bcher-kva.example/",
            ),
            ("http://127.0.0.1:5000/a", "http://127.0.0.1:5000/a"),
            ("https://[0:0::1]/", "https://[::1]/"),
            ("http://[::1]/", "http://[::1]/"),
            ("https://https.example:8443/", "https://https.example:8443/"),
        ] {
            let url = hosts.allow(address).map(String::from);
            assert_eq!(url.as_deref(), Ok(allowed), "{address}");
        }
    }

    #[test]
    fn no_other_address_is_allowed() {
        let hosts = hosts("app.example.com,127.0.0.1:5000");
        for (address, error) in [
            ("", NotAllowed::NoUrl),
            ("/settings", NotAllowed::NoUrl),
            ("//app.example.com", NotAllowed::NoUrl),
            ("https:app.example.com", NotAllowed::NoUrl),
            ("https:\\\\app.example.com", NotAllowed::NoUrl),
            (" https://app.example.com/", NotAllowed::NoUrl),
            ("https://app.example.com/\n", NotAllowed::NoUrl),
            ("https://evil.example\\@app.example.com", NotAllowed::NoUrl),
            (
                "javascript://app.example.com/%0aalert(1)",
                NotAllowed::Scheme,
            ),
            ("ftp://app.example.com/", NotAllowed::Scheme),
            ("http://app.example.com/", NotAllowed::Scheme),
            ("https://app.example.com@evil.example/", NotAllowed::Scheme),
            ("https://a:b@app.example.com/", NotAllowed::Scheme),
            ("https://evil.example/", NotAllowed::Host),
            ("https://app.example.com.evil.example/", NotAllowed::Host),
            ("https://evil.app.example.com/", NotAllowed::Host),
            ("https://app.example.com:8443/", NotAllowed::Host),
            ("http://127.0.0.1:5001/", NotAllowed::Host),
            ("http://127.0.0.1/", NotAllowed::Host),
        ] {
            assert_eq!(hosts.allow(address), Err(error), "{address}");
        }
        let long = format!("https://app.example.com/{}", "a".repeat(LONGEST));
        assert_eq!(hosts.allow(&long), Err(NotAllowed::TooLong));
        let nothing = ReturnHosts::default();
        assert!(nothing.is_empty());
        assert_eq!(
            nothing.allow("https://app.example.com/"),
            Err(NotAllowed::Host)
        );
    }

    #[test]
    fn the_list_has_hosts_only() {
        for bad in [
            "https://app.example.com",
            "app.example.com/",
            "*.example.com",
            "ada@example.com",
            "app example.com",
            "app.example.com:",
            "app.example.com:99999",
            "app.example.com:http",
            ".",
            ":5000",
            "a,,b?",
        ] {
            assert!(bad.parse::<ReturnHosts>().is_err(), "{bad}");
        }
        assert!(hosts(" , ").is_empty());
    }
}

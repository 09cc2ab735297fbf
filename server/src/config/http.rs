//! The listen address and the base URL, and which of them are loopback.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::Uri;
use clap::Args;
use shared::loopback::is_loopback_host;
use url::Url;

use super::error::{ConfigError, ValueError};
use super::links::is_web;

#[derive(Args, Clone, Debug)]
pub struct HttpArgs {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "KEYHOLD_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDRESS:PORT"
    )]
    pub listen: SocketAddr,

    /// Where browsers reach Keyhold; https, except on loopback. Default: http:// and the listening address.
    #[arg(long, env = "KEYHOLD_BASE_URL", hide_env_values = true, value_name = "URL", value_parser = base_url)]
    pub base_url: Option<String>,
}

impl HttpArgs {
    /// Returns the base URL without a trailing slash. `bound` is the address that the listener took.
    ///
    /// # Errors
    /// A [`ConfigError`] if signing in there would not be safe.
    pub fn resolved_base_url(&self, bound: SocketAddr) -> Result<String, ConfigError> {
        let url = self
            .base_url
            .clone()
            .filter(|url| !url.is_empty())
            .unwrap_or_else(|| format!("http://{bound}"));
        if url.starts_with("http://") && !is_loopback_url(&url) {
            return Err(ConfigError::PlainHttp { url });
        }
        Ok(url)
    }
}

/// Returns where this machine reaches a listener: one on all addresses, at loopback.
pub fn reached_here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

/// Returns whether a URL can be reached from this machine only.
pub fn is_loopback_url(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.as_ref()
        .and_then(Uri::host)
        .is_some_and(is_loopback_host)
}

/// Returns scheme, host and port of a URL as browsers write them in `Origin` (WHATWG URL), so that two can be compared:
/// lower case, no default port, no trailing dot in the host.
pub fn origin(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    url.set_host(Some(&host)).ok()?;
    let origin = url.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Parses a base URL into its origin. An empty one counts as absent.
pub(super) fn base_url(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = Url::parse(text)?;
    let plain = is_web(&url, text)
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    plain
        .then(|| origin(text))
        .flatten()
        .ok_or(ValueError::Origin)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        http: HttpArgs,
    }

    fn http_args(arguments: &[&str]) -> Result<HttpArgs, clap::Error> {
        Line::try_parse_from([&["keyhold"], arguments].concat()).map(|line| line.http)
    }

    #[test]
    fn plain_http_is_for_loopback() -> Result<(), Box<dyn Error>> {
        let bound = SocketAddr::from(([127, 0, 0, 1], 3000));
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 3000));
        assert_eq!(
            http_args(&[])?.resolved_base_url(bound)?,
            "http://127.0.0.1:3000"
        );
        assert!(http_args(&[])?.resolved_base_url(everywhere).is_err());
        let https = http_args(&["--base-url", "HTTPS://Keys.example.com/"])?;
        assert_eq!(
            https.resolved_base_url(everywhere)?,
            "https://keys.example.com"
        );
        assert!(
            http_args(&["--base-url", "http://keys.example.com"])?
                .resolved_base_url(bound)
                .is_err()
        );
        assert!(
            http_args(&["--base-url", "http://[::1]:8080"])?
                .resolved_base_url(bound)
                .is_ok()
        );
        Ok(())
    }

    #[test]
    fn a_base_url_is_an_origin() -> Result<(), ValueError> {
        for (text, origin) in [
            ("https://keys.example.com:443", "https://keys.example.com"),
            ("HTTPS://KEYS.Example.com./", "https://keys.example.com"),
            (
                "https://keys.example.com:8443",
                "https://keys.example.com:8443",
            ),
            (
                "https://keys.ex\u{e4}mple.com",
                "https://keys.xn--exmple-cua.com",
            ),
            ("http://LOCALHOST:80/", "http://localhost"),
            ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(base_url(text)?, origin, "{text}");
        }
        for bad in [
            "keys.example.com",
            "//keys.example.com",
            "https:keys.example.com",
            "https://a@keys.example.com",
            "https://keys.example.com?",
            "https://keys.example.com#",
            "https://",
            "https://.",
            "ftp://keys.example.com",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
        Ok(())
    }
}

//! Where Keyhold listens, and where browsers reach it.

use std::net::SocketAddr;

use axum::http::Uri;
use clap::Args;

#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "KEYHOLD_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDRESS:PORT"
    )]
    pub listen: SocketAddr,

    /// Where browsers reach Keyhold; https, except on loopback. Default: http:// and the listening address.
    #[arg(long, env = "KEYHOLD_BASE_URL", value_name = "URL", value_parser = base_url)]
    pub base_url: Option<String>,
}

impl Place {
    /// The base URL, without a slash at the end, once `listen` says which port was taken.
    ///
    /// # Errors
    /// A sentence, where the answer would not be safe to sign in at.
    pub fn resolved_base_url(&self, bound: SocketAddr) -> Result<String, String> {
        let url = self
            .base_url
            .clone()
            .filter(|url| !url.is_empty())
            .unwrap_or_else(|| format!("http://{bound}"));
        if url.starts_with("http://") && !is_loopback_url(&url) {
            return Err(format!(
                "KEYHOLD_BASE_URL is {url}: plain http is for loopback addresses only, because the session cookie \
                 would travel in the clear. Set it to the https address that browsers use."
            ));
        }
        Ok(url)
    }
}

/// Whether nobody but this machine can reach it.
pub fn is_loopback_url(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.as_ref().and_then(Uri::host).is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

/// Reads a base URL and writes it in the one way that everything else compares with: scheme and host in lower
/// case, no slash at the end. Empty, as deployment files often leave a variable, is as if absent.
fn base_url(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let uri: Uri = text.parse().map_err(|_| "not a URL".to_owned())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority))
            if !authority.as_str().contains('@')
                && !text.contains('#')
                && matches!(uri.path(), "" | "/")
                && uri.query().is_none() =>
        {
            Ok(format!(
                "{scheme}://{}",
                authority.as_str().to_ascii_lowercase()
            ))
        }
        _ => Err("it must be http:// or https:// with a host and no path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        place: Place,
    }

    fn place(arguments: &[&str]) -> Result<Place, String> {
        Line::try_parse_from([&["keyhold"], arguments].concat())
            .map(|line| line.place)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn plain_http_is_for_loopback() -> Result<(), String> {
        let bound = SocketAddr::from(([127, 0, 0, 1], 3000));
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 3000));
        assert_eq!(
            place(&[])?.resolved_base_url(bound)?,
            "http://127.0.0.1:3000"
        );
        assert!(place(&[])?.resolved_base_url(everywhere).is_err());
        let https = place(&["--base-url", "HTTPS://Keys.example.com/"])?;
        assert_eq!(
            https.resolved_base_url(everywhere)?,
            "https://keys.example.com"
        );
        assert!(
            place(&["--base-url", "http://keys.example.com"])?
                .resolved_base_url(bound)
                .is_err()
        );
        assert!(
            place(&["--base-url", "http://[::1]:8080"])?
                .resolved_base_url(bound)
                .is_ok()
        );
        Ok(())
    }
}

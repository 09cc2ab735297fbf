//! The addresses of the company's API, of its documentation, its support and its terms, which pages and answers show.

use clap::Args;
use shared::loopback::is_loopback_host;
use url::Url;

use super::error::ValueError;

#[expect(clippy::struct_field_names, reason = "as the settings are called")]
#[derive(Args, Clone, Debug)]
pub struct Links {
    /// Base URL of your API, for the examples on the Developers page. Default: Keyhold's own API, /v1.
    #[arg(long, env = "KEYHOLD_API_URL", hide_env_values = true, value_name = "URL", value_parser = api_url)]
    pub api_url: Option<String>,

    /// The documentation of your API, linked from the Developers page. Default: no link.
    #[arg(long, env = "KEYHOLD_DOCS_URL", hide_env_values = true, value_name = "URL", value_parser = docs_url)]
    pub docs_url: Option<String>,

    /// Where the holder of a suspended account finds help: a page, or mailto: with an address. Default: nowhere.
    #[arg(long, env = "KEYHOLD_SUPPORT_URL", hide_env_values = true, value_name = "URL", value_parser = support_url)]
    pub support_url: Option<String>,

    /// The terms of your API, linked from the foot of every page, as your documentation and support are. Default: no link.
    #[arg(long, env = "KEYHOLD_TERMS_URL", hide_env_values = true, value_name = "URL", value_parser = docs_url)]
    pub terms_url: Option<String>,
}

/// Parses the base URL of an API and removes a trailing slash. Its characters need no quoting in any of the languages of
/// the examples. An empty one counts as absent.
fn api_url(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = web_url(text)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/:[]".contains(&byte);
    let address = url.as_str().trim_end_matches('/');
    if url.query().is_some() || url.fragment().is_some() || !address.bytes().all(plain) {
        return Err(ValueError::ApiUrl);
    }
    if url.scheme() == "http" && !url.host_str().is_some_and(is_loopback_host) {
        return Err(ValueError::PlainApi);
    }
    Ok(address.to_owned())
}

/// Parses the address of a page. An empty one counts as absent.
fn docs_url(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    web_url(text).map(String::from)
}

/// Parses the address of help. An empty one counts as absent.
fn support_url(text: &str) -> Result<String, ValueError> {
    let mail = text.strip_prefix("mailto:");
    if text.is_empty() || mail.is_some_and(|address| vault::text::email(address).is_ok()) {
        return Ok(text.to_owned());
    }
    web_url(text).map(String::from)
}

/// Parses an address that a browser can open and that holds no password.
fn web_url(text: &str) -> Result<Url, ValueError> {
    let url = Url::parse(text)?;
    if is_web(&url, text) {
        Ok(url)
    } else {
        Err(ValueError::Web)
    }
}

/// Returns whether `url`, parsed from `text`, is one that a browser can open and that holds no password.
pub(super) fn is_web(url: &Url, text: &str) -> bool {
    matches!(url.scheme(), "http" | "https")
        && text.contains("://")
        && url.username().is_empty()
        && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(parsed: Result<String, ValueError>) -> String {
        parsed.map_or_else(|error| error.to_string(), |url| format!("accepted: {url}"))
    }

    #[test]
    fn the_url_of_an_api_may_have_a_path() -> Result<(), ValueError> {
        for (text, url) in [
            ("https://API.example.com", "https://api.example.com"),
            ("https://api.example.com/v1/", "https://api.example.com/v1"),
            (
                "https://api.example.com:8443/a b",
                "https://api.example.com:8443/a%20b",
            ),
            (
                "https://api.example.com/`id`",
                "https://api.example.com/%60id%60",
            ),
            ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("", ""),
        ] {
            assert_eq!(api_url(text)?, url, "{text}");
        }
        Ok(())
    }

    /// The URL stands between quotes of six languages.
    #[test]
    fn the_url_of_an_api_needs_no_quoting() {
        for bad in [
            "https://api.example.com/?key=1",
            "https://api.example.com/#top",
            "https://api.example.com/$HOME",
            "https://api.example.com/it's",
            "https://api.example.com/(a)",
        ] {
            assert!(message(api_url(bad)).contains("no query"), "{bad}");
        }
        assert!(message(api_url("http://api.example.com")).contains("plain http"));
        assert!(message(api_url("api.example.com")).contains("not a URL"));
    }

    #[test]
    fn documentation_is_a_page_on_the_web() -> Result<(), ValueError> {
        let page = "https://docs.example.com/api?version=2#keys";
        assert_eq!(docs_url(page)?, page);
        assert_eq!(docs_url("")?, "");
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://docs.example.com",
            "https:docs.example.com",
            "https://ada:secret@docs.example.com",
        ] {
            assert!(message(docs_url(bad)).contains("http:// or"), "{bad}");
        }
        Ok(())
    }
}

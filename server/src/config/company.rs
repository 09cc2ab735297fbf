//! The company's own app: where its customers sign in, and where pages may lead back to.

use clap::Args;
use shared::loopback::is_loopback_host;
use shared::sign_in_url::{RETURN_TO, SignInUrl};
use url::Url;
use vault::return_hosts::ReturnHosts;

use super::error::{ConfigError, ValueError};
use super::http::origin;
use super::links::is_web;
use super::masked::masked;

#[derive(Args, Clone, Debug)]
pub struct Company {
    /// The page of your app that signs people in, which gets the page to come back to as return_to; https, except on loopback.
    /// Default: Keyhold's own sign-in.
    #[arg(long, env = "KEYHOLD_SIGN_IN_URL", hide_env_values = true, value_name = "URL", value_parser = sign_in_url)]
    sign_in_url: Option<String>,

    /// Hosts that pages may lead back to, comma-separated, each with its port if that is another than the scheme's. Default: none.
    #[arg(
        long,
        env = "KEYHOLD_RETURN_HOSTS",
        default_value = "",
        hide_default_value = true,
        value_name = "HOST"
    )]
    pub return_hosts: ReturnHosts,
}

impl Company {
    /// Returns the sign-in page of the company, if it has its own.
    pub fn sign_in(&self) -> Option<SignInUrl> {
        let url = self.sign_in_url.clone();
        url.filter(|url| !url.is_empty()).map(SignInUrl::new)
    }

    /// Checks that the sign-in page is not one of Keyhold's, which would lead there again.
    ///
    /// # Errors
    /// [`ConfigError::SignInHere`].
    pub fn leads_elsewhere(&self, base_url: &str) -> Result<(), ConfigError> {
        match self.sign_in() {
            Some(url) if origin(url.as_str()) == origin(base_url) => Err(ConfigError::SignInHere {
                url: masked(url.as_str()),
            }),
            _ => Ok(()),
        }
    }
}

/// Parses the address of a sign-in page. An empty one counts as absent.
fn sign_in_url(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = Url::parse(text)?;
    let plain = is_web(&url, text)
        && url.fragment().is_none()
        && url.query_pairs().all(|(name, _)| name != RETURN_TO);
    if !plain {
        return Err(ValueError::SignIn);
    }
    if url.scheme() == "http" && !url.host_str().is_some_and(is_loopback_host) {
        return Err(ValueError::PlainSignIn);
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_page_may_have_a_query() -> Result<(), ValueError> {
        for (text, url) in [
            ("https://App.example.com", "https://app.example.com/"),
            (
                "https://app.example.com:8443/keys?tab=1",
                "https://app.example.com:8443/keys?tab=1",
            ),
            ("http://127.0.0.1:5000/keys", "http://127.0.0.1:5000/keys"),
            ("http://app.localhost", "http://app.localhost/"),
            ("", ""),
        ] {
            assert_eq!(sign_in_url(text)?, url, "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_bad_sign_in_page_is_refused_with_a_sentence() {
        for (bad, expected) in [
            ("/keys", "not a URL"),
            ("app.example.com/keys", "not a URL"),
            ("https:app.example.com", "must be https://"),
            ("https://app.example.com/#keys", "must be https://"),
            ("https://ada:pw@app.example.com/", "must be https://"),
            ("https://app.example.com/?return_to=/", "return_to"),
            ("javascript:alert(1)", "must be https://"),
            ("http://app.example.com/", "plain http"),
        ] {
            let message = sign_in_url(bad).unwrap_or_else(|error| error.to_string());
            assert!(message.contains(expected), "{bad}: {message}");
        }
    }
}

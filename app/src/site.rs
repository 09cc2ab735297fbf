//! The site's settings that pages and functions need: its address, and whether sign-up is open.

use leptos::prelude::*;
use shared::sign_in_url::SignInUrl;
#[cfg(feature = "ssr")]
use vault::return_hosts::ReturnHosts;

/// The settings of this Keyhold, from its configuration.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Scheme, host and port, without a trailing slash.
    pub base_url: String,
    /// Whether sign-up is open.
    pub sign_up_open: bool,
    /// The base URL of the company's API, without a trailing slash. None: Keyhold's own.
    pub api_url: Option<String>,
    /// The documentation of the company's API.
    pub docs_url: Option<String>,
    /// The company's sign-in page, which a browser without a session is led to. None: Keyhold's own.
    pub sign_in: Option<SignInUrl>,
    /// The hosts that pages may lead back to.
    pub return_hosts: ReturnHosts,
    /// The company's name and looks.
    pub brand: crate::brand::Brand,
    /// Whether the management API has a listener of its own, and is not served beside the pages.
    pub admin_apart: bool,
}

/// The way back to the company's app, from which the last session of this browser came. The server provides it to the
/// sign-in page, which then comes without the module.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct WayBack(pub shared::view::Link);

#[cfg(feature = "ssr")]
impl Site {
    /// Returns what people call the company's app at a host: by the company's name, if it has given one.
    pub fn app_at(&self, host: &str) -> String {
        if self.brand.name == crate::brand::NAME {
            host.to_owned()
        } else {
            self.brand.name.clone()
        }
    }

    /// Returns where the first call of a key goes: to the company's API, or to verification while its address is not known.
    pub fn try_url(&self) -> String {
        let verify = || format!("{}/verify", self.base_url);
        self.api_url.clone().unwrap_or_else(verify)
    }

    /// Returns the link back to the company's app; none for an address that no page may lead to.
    pub fn way_back(&self, address: &str) -> Option<shared::view::Link> {
        let url = self.return_hosts.allow(address).ok()?;
        let text = format!("Back to {}", self.app_at(url.host_str()?));
        let href = url.into();
        Some(shared::view::Link { href, text })
    }
}

/// The base URL without a trailing slash: "http://127.0.0.1:3000". The server provides it in the context of every
/// rendering.
#[derive(Clone, Debug, Default)]
pub struct SiteUrl(pub String);

/// Whether strangers may sign up. The server provides it in the context of every rendering.
#[derive(Clone, Copy, Debug)]
pub struct SignUpOpen(pub bool);

impl SignUpOpen {
    /// Provides it in the browser as the server has rendered it.
    pub fn provide() {
        let open = SharedValue::new_str(|| String::from(if Self::get() { "1" } else { "" }));
        provide_context(Self(!open.into_inner().is_empty()));
    }

    pub fn get() -> bool {
        use_context::<Self>().is_none_or(|open| open.0)
    }
}

/// The company's sign-in page, if it has one. The server provides it in the context of every rendering.
#[derive(Clone, Debug)]
pub struct SignInAt(pub Option<SignInUrl>);

impl SignInAt {
    /// Provides it in the browser as the server has rendered it.
    pub fn provide() {
        let url = SharedValue::new_str(|| {
            let url = Self::get();
            url.map(|url| url.as_str().to_owned()).unwrap_or_default()
        });
        let url = url.into_inner();
        provide_context(Self((!url.is_empty()).then(|| SignInUrl::new(url))));
    }

    pub fn get() -> Option<SignInUrl> {
        use_context::<Self>()?.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_call_goes_to_the_company_where_its_api_is_known() {
        let mut site = Site {
            base_url: "https://keys.example.com".to_owned(),
            ..Site::default()
        };
        assert_eq!(site.try_url(), "https://keys.example.com/verify");
        site.api_url = Some("https://api.example.com/v2".to_owned());
        assert_eq!(site.try_url(), "https://api.example.com/v2");
    }
}

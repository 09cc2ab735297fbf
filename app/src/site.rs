//! The site's settings that pages and functions need: its address, and whether sign-up is open.

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
    /// Whether the management API has a listener of its own, and is not served beside the pages.
    pub admin_apart: bool,
}

/// The base URL without a trailing slash: "http://127.0.0.1:3000". The server provides it in the context of every
/// rendering.
#[derive(Clone, Debug, Default)]
pub struct SiteUrl(pub String);

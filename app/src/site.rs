//! This Keyhold as its operator configured it: its address, and who may sign up.

/// Where this Keyhold stands, from its configuration.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct Site {
    /// Scheme, host and port, without a slash at the end.
    pub base_url: String,
    /// Whether strangers may make accounts.
    pub sign_up_open: bool,
}

/// Where Keyhold is reached, without a slash at the end: "http://127.0.0.1:3000". The server provides it in the context
/// of every rendering.
#[derive(Clone, Debug, Default)]
pub struct SiteUrl(pub String);

//! The caller of an operation: its network address and its browser.

use std::net::IpAddr;

/// The origin of a request, for the audit trail, the limits and the usage of keys.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub address: Option<IpAddr>,
    /// The device cookie that the browser sent.
    pub device: Option<DeviceToken>,
    /// The User-Agent header, if the request is a browser's.
    pub agent: Option<Box<[u8]>>,
    /// The id of the request, if the trail is to name it.
    pub request_id: Option<Box<str>>,
}

/// The value of a device cookie. It prints as `[device]`.
#[derive(Clone)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// Wraps the cookie of a request, valid or not.
    pub fn sent(cookie: &str) -> Self {
        Self(cookie.to_owned())
    }

    /// Returns the text for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[device]")
    }
}

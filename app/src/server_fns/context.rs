//! What a server function needs of the request that calls it. The server provides one [`Request`] in the
//! context of every rendering and every call.

use std::sync::Arc;

use leptos::prelude::expect_context;
use leptos_axum::ResponseOptions;
use shared::view::IssuedKey;
use vault::{Caller, DeviceToken, NewKey, Session, SessionToken, Vault};

use crate::error::FnError;
use crate::shell::Theme;

/// Where this Keyhold stands, from its configuration.
#[derive(Clone, Debug)]
pub struct Site {
    /// Scheme, host and port, without a slash at the end.
    pub base_url: String,
    /// Whether strangers may make accounts.
    pub sign_up_open: bool,
}

impl Site {
    /// Over https the browser itself guards the cookie: `__Host-` means Secure, this host only, every path.
    /// Plain http exists on loopback only, where the prefix would not be accepted.
    fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    /// Browsers keep one jar for all ports of a host, so another Keyhold there must have another name for its own.
    /// The usual ports have the plain name.
    pub fn session_cookie_name(&self) -> String {
        self.of_port(self.plain_cookie_name())
    }

    fn of_port(&self, plain: &str) -> String {
        let port = self.base_url.rsplit_once(':').map(|(_, port)| port);
        match port.filter(|port| is_port(port)) {
            None | Some(USUAL_PORT) => plain.to_owned(),
            Some(port) => format!("{plain}_{port}"),
        }
    }

    /// Whether a cookie may be a session of this Keyhold: it may have been set before the port changed.
    pub fn may_be_session_cookie(&self, name: &str) -> bool {
        name.strip_prefix(self.plain_cookie_name())
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(is_port))
    }

    fn plain_cookie_name(&self) -> &'static str {
        if self.is_https() {
            "__Host-keyhold_session"
        } else {
            "keyhold_session"
        }
    }

    /// The cookie of the browsers on which an owner has signed in. It stays when the session ends.
    pub fn device_cookie_name(&self) -> String {
        self.of_port(if self.is_https() {
            "__Host-keyhold_device"
        } else {
            "keyhold_device"
        })
    }

    fn cookie(&self, name: &str, value: &str, max_age: u32) -> String {
        let secure = if self.is_https() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where Keyhold listens unless it is told otherwise.
const USUAL_PORT: &str = "3000";

/// The cookie that remembers light or dark.
pub const THEME_COOKIE: &str = "keyhold_theme";

const DAY_S: u32 = 24 * 60 * 60;
/// As long as a session can last at most; the server decides when it is over.
const SESSION_AGE_S: u32 = 60 * DAY_S;
/// As long as browsers keep a cookie at most.
const DEVICE_AGE_S: u32 = 400 * DAY_S;
const THEME_AGE_S: u32 = 365 * DAY_S;

/// One request.
#[derive(Clone)]
pub struct Request {
    pub vault: Vault,
    pub site: Arc<Site>,
    pub caller: Caller,
    /// Who is signed in.
    pub session: Option<Session>,
    /// Further sessions of the same browser, from when Keyhold had another port.
    pub other_sessions: Vec<Session>,
}

impl Request {
    /// The request that is being answered.
    pub fn current() -> Self {
        expect_context()
    }

    /// # Errors
    /// `unauthenticated` without a session.
    pub fn signed_in(&self) -> Result<&Session, FnError> {
        self.session.as_ref().ok_or_else(FnError::unauthenticated)
    }

    /// Lets the browser keep what proves that its owner has signed in here.
    pub fn keep_device(&self, device: &DeviceToken) {
        let name = self.site.device_cookie_name();
        set_cookie(&self.site.cookie(&name, device.expose(), DEVICE_AGE_S));
    }

    /// Puts a new session into the answer's cookie, and that of the browser into another.
    pub fn start_session(&self, token: &SessionToken) {
        let name = self.site.session_cookie_name();
        set_cookie(&self.site.cookie(&name, token.expose(), SESSION_AGE_S));
        if let Some(device) = token.device() {
            self.keep_device(device);
        }
    }

    /// Takes the session's cookie away.
    pub fn end_session(&self) {
        set_cookie(&self.site.cookie(&self.site.session_cookie_name(), "", 0));
    }

    /// Remembers a choice of light or dark; anything unknown means the system's.
    pub fn remember_theme(&self, choice: &str) {
        set_cookie(
            &self
                .site
                .cookie(THEME_COOKIE, Theme::from_cookie(choice).slug(), THEME_AGE_S),
        );
    }

    /// A new key for the one answer that shows it.
    pub fn issued(&self, key: NewKey) -> IssuedKey {
        IssuedKey {
            access_key: key.access_key.to_string(),
            secret_key: key.secret_key.expose().to_owned(),
            name: key.name,
            expires_at: key.expires_at.map(vault::rfc3339),
            verify_url: format!("{}/verify", self.site.base_url),
            version: key.version,
        }
    }
}

fn set_cookie(cookie: &str) {
    if let Ok(value) = http::HeaderValue::from_str(cookie) {
        expect_context::<ResponseOptions>().append_header(http::header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_has_a_cookie_of_its_own() {
        for (base_url, name) in [
            ("http://127.0.0.1:3000", "keyhold_session"),
            ("http://127.0.0.1:3001", "keyhold_session_3001"),
            ("http://[::1]", "keyhold_session"),
            ("https://keys.example.com", "__Host-keyhold_session"),
            (
                "https://keys.example.com:8443",
                "__Host-keyhold_session_8443",
            ),
        ] {
            let site = Site {
                base_url: base_url.to_owned(),
                sign_up_open: true,
            };
            assert_eq!(site.session_cookie_name(), name, "{base_url}");
            assert!(site.may_be_session_cookie(name), "{name}");
            for other in ["keyhold_theme", "keyhold_sessions", "keyhold_session_x", ""] {
                assert!(!site.may_be_session_cookie(other), "{other}");
            }
            let plain = site.may_be_session_cookie("keyhold_session_3000");
            assert_eq!(plain, base_url.starts_with("http://"));
        }
    }
}

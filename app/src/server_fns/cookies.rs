//! The cookies that Keyhold sets: their names, lifetimes and attributes.

use leptos::prelude::expect_context;
use leptos_axum::ResponseOptions;

use crate::site::Site;

impl Site {
    /// Over https the browser itself guards the cookie: `__Host-` means Secure, this host only, every path. Plain http
    /// exists on loopback only, where browsers reject the prefix.
    fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    /// Returns the name of the session cookie. It ends with the port, because browsers keep one jar for all ports of a
    /// host. The default port has the plain name.
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

    /// Returns whether a cookie may hold a session of this Keyhold, perhaps set before the port changed.
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

    /// Returns the name of the cookie that marks browsers on which an owner has signed in. It outlives the session.
    pub fn device_cookie_name(&self) -> String {
        self.of_port(if self.is_https() {
            "__Host-keyhold_device"
        } else {
            "keyhold_device"
        })
    }

    /// Returns the name of the cookie that counts how often a browser was just led to the company's sign-in page.
    pub fn led_cookie_name(&self) -> String {
        self.of_port(if self.is_https() {
            "__Host-keyhold_led"
        } else {
            "keyhold_led"
        })
    }

    /// Returns the name of the cookie that holds the way back to the company's app, for when the session from there is over.
    pub fn back_cookie_name(&self) -> String {
        self.of_port(if self.is_https() {
            "__Host-keyhold_back"
        } else {
            "keyhold_back"
        })
    }

    pub fn cookie(&self, name: &str, value: &str, max_age: u32) -> String {
        let secure = if self.is_https() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The default port.
const USUAL_PORT: &str = "3000";

/// The cookie that remembers light or dark.
pub const THEME_COOKIE: &str = "keyhold_theme";

const DAY_S: u32 = 24 * 60 * 60;
/// The longest that a session can last. The server decides when it ends.
pub const SESSION_AGE_S: u32 = 60 * DAY_S;
/// The longest that browsers keep a cookie.
pub const DEVICE_AGE_S: u32 = 400 * DAY_S;
pub const THEME_AGE_S: u32 = 365 * DAY_S;

/// Adds a cookie to the answer of the call that is being answered.
pub fn set_cookie(cookie: &str) {
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
                ..Site::default()
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

    /// Scripts cannot read the cookies, other sites' forms do not send them, and https keeps them to https.
    #[test]
    fn a_cookie_has_its_attributes() {
        let site = |base_url: &str| Site {
            base_url: base_url.to_owned(),
            sign_up_open: true,
            ..Site::default()
        };
        assert_eq!(
            site("http://127.0.0.1:3000").cookie("keyhold_session", "token", 60),
            "keyhold_session=token; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        assert_eq!(
            site("https://keys.example.com").cookie("__Host-keyhold_session", "", 0),
            "__Host-keyhold_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"
        );
    }

    #[test]
    fn the_cookie_of_a_device_is_none_of_a_session() {
        for (base_url, name) in [
            ("http://127.0.0.1:3000", "keyhold_device"),
            ("http://127.0.0.1:3001", "keyhold_device_3001"),
            ("https://keys.example.com", "__Host-keyhold_device"),
        ] {
            let site = Site {
                base_url: base_url.to_owned(),
                sign_up_open: false,
                ..Site::default()
            };
            assert_eq!(site.device_cookie_name(), name);
            assert!(!site.may_be_session_cookie(name));
        }
    }
}

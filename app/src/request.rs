//! What a server function needs of the request that calls it. The server provides one [`Request`] in the
//! context of every rendering and every call.

use std::sync::Arc;

use leptos::prelude::expect_context;
use leptos_axum::ResponseOptions;
use shared::view::IssuedKey;
use vault::{Caller, NewKey, Session, SessionToken, Vault};

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

    pub fn session_cookie_name(&self) -> &'static str {
        if self.is_https() {
            "__Host-keyhold_session"
        } else {
            "keyhold_session"
        }
    }

    fn cookie(&self, name: &str, value: &str, max_age: u32) -> String {
        let secure = if self.is_https() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }
}

/// The cookie that remembers light or dark.
pub const THEME_COOKIE: &str = "keyhold_theme";

const DAY_S: u32 = 24 * 60 * 60;
/// As long as a session can last at most; the server decides when it is over.
const SESSION_AGE_S: u32 = 60 * DAY_S;
const THEME_AGE_S: u32 = 365 * DAY_S;

/// One request.
#[derive(Clone)]
pub struct Request {
    pub vault: Vault,
    pub site: Arc<Site>,
    pub caller: Caller,
    /// Who is signed in.
    pub session: Option<Session>,
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

    /// Puts a new session into the answer's cookie.
    pub fn start_session(&self, token: &SessionToken) {
        let name = self.site.session_cookie_name();
        set_cookie(&self.site.cookie(name, token.expose(), SESSION_AGE_S));
    }

    /// Takes the session's cookie away.
    pub fn end_session(&self) {
        set_cookie(&self.site.cookie(self.site.session_cookie_name(), "", 0));
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
        }
    }
}

fn set_cookie(cookie: &str) {
    if let Ok(value) = http::HeaderValue::from_str(cookie) {
        expect_context::<ResponseOptions>().append_header(http::header::SET_COOKIE, value);
    }
}

//! The context of a server function: the request that calls it. The server provides one [`RequestContext`] in the
//! context of every rendering and every call.

use std::sync::Arc;

use leptos::prelude::expect_context;
use shared::capability::Need;
use shared::theme::Theme;
use shared::view::IssuedKey;
use vault::{Actor, Caller, DeviceToken, NewKey, Session, SessionToken, Vault};

use super::cookies::{DEVICE_AGE_S, SESSION_AGE_S, THEME_AGE_S, THEME_COOKIE, set_cookie};
use crate::error::FnError;
use crate::site::Site;

/// One request.
#[derive(Clone)]
pub struct RequestContext {
    pub vault: Vault,
    pub site: Arc<Site>,
    pub caller: Caller,
    /// The session, if signed in.
    pub session: Option<Session>,
    /// Further sessions of the same browser, from when Keyhold had another port.
    pub other_sessions: Vec<Session>,
}

impl RequestContext {
    /// Returns the context of the request that is being answered.
    pub fn current() -> Self {
        expect_context()
    }

    /// # Errors
    /// `unauthenticated` without a session.
    pub fn signed_in(&self) -> Result<&Session, FnError> {
        self.session.as_ref().ok_or_else(FnError::unauthenticated)
    }

    /// # Errors
    /// `unauthenticated` without a session, `not_allowed` for one without this.
    pub fn may(&self, need: Need) -> Result<(), FnError> {
        Ok(self.signed_in()?.admit(need)?)
    }

    /// Returns the actor of the operations that this request calls.
    ///
    /// # Errors
    /// `unauthenticated` without a session.
    pub fn actor(&self) -> Result<Actor, FnError> {
        Ok(Actor::new(self.signed_in()?, &self.caller))
    }

    /// Sets the cookie that marks this browser as one on which the owner has signed in.
    pub fn keep_device(&self, device: &DeviceToken) {
        let name = self.site.device_cookie_name();
        set_cookie(&self.site.cookie(&name, device.expose(), DEVICE_AGE_S));
    }

    /// Sets the cookies of a new session and of its browser. It comes from no app that one could go back to.
    pub fn start_session(&self, token: &SessionToken) {
        let name = self.site.session_cookie_name();
        set_cookie(&self.site.cookie(&name, token.expose(), SESSION_AGE_S));
        set_cookie(&self.site.cookie(&self.site.back_cookie_name(), "", 0));
        if let Some(device) = token.device() {
            self.keep_device(device);
        }
    }

    /// Removes the session's cookie.
    pub fn end_session(&self) {
        set_cookie(&self.site.cookie(&self.site.session_cookie_name(), "", 0));
    }

    /// Sets the cookie of the theme. An unknown choice means the system's.
    pub fn remember_theme(&self, choice: &str) {
        set_cookie(
            &self
                .site
                .cookie(THEME_COOKIE, Theme::from_cookie(choice).slug(), THEME_AGE_S),
        );
    }

    /// Returns a new key for the one answer that shows its secret.
    pub fn issued(&self, key: NewKey) -> IssuedKey {
        IssuedKey {
            access_key: key.access_key.to_string(),
            secret_key: key.secret_key.expose().to_owned(),
            file: env_file(&key.name, &self.site.brand.slug()),
            variable: self.site.brand.variable(),
            name: key.name,
            expires_at: key.expires_at.map(vault::rfc3339),
            verify_url: self.site.try_url(),
            version: key.version,
        }
    }
}

/// Returns the name of a file with a key's variables: its letters and digits in lower case, anything else as one hyphen. A
/// name without any gives way to the company's.
fn env_file(name: &str, company: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        format!("{company}.env")
    } else {
        words.join("-") + ".env"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_after_the_key() {
        for (name, file) in [
            ("Billing service", "billing-service.env"),
            ("  CI / deploy (eu-1) ", "ci-deploy-eu-1.env"),
            ("../../etc/passwd", "etc-passwd.env"),
            ("Schlüssel", "schlüssel.env"),
            ("🔑", "keyhold.env"),
        ] {
            assert_eq!(env_file(name, "keyhold"), file);
        }
    }
}

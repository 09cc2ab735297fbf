//! Device cookies: the browsers on which an account's owner has signed in. Failures on one of them count for that
//! browser alone, and failures elsewhere do not count there, so strangers who guess cannot keep the owner out.
//! See OWASP, *Slow Down Online Guessing Attacks with Device Cookies*.
//!
//! The server stores nothing. The cookie holds the browser's random id and, for each of the last few accounts, a mark
//! computed under the pepper over the id, the account's address and its stored password. A new password therefore
//! invalidates the cookies of all browsers but the one that set it.

use crate::caller::DeviceToken;
use crate::crypto::pepper::Pepper;
use crate::crypto::random;
use crate::crypto::signed_token;
use crate::error::Result;

/// Maximum number of accounts per cookie; the oldest is dropped.
const ACCOUNTS: usize = 4;
/// Hexadecimal digits of a browser's id: 128 random bits.
const ID: usize = 32;
/// Hexadecimal digits of a password fingerprint, 64 bits: enough to tell a later password from this one.
const PASSWORD: usize = 16;
/// Hexadecimal digits of a mark.
const MARK: usize = 32;

/// Returns the parts of a well-formed cookie: the id, and the password fingerprint and mark of each account.
fn parts(cookie: &DeviceToken) -> Option<(&str, Vec<(&str, &str)>)> {
    let mut parts = cookie.expose().split('.');
    let id = parts.next().filter(|id| is_hex(id, ID))?;
    let accounts: Option<Vec<_>> = parts
        .map(|part| is_hex(part, PASSWORD + MARK).then(|| part.split_at(PASSWORD)))
        .collect();
    accounts
        .filter(|accounts| accounts.len() <= ACCOUNTS)
        .map(|accounts| (id, accounts))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn purpose(email: &str) -> String {
    format!("device {email}")
}

/// Returns the fingerprint of a stored password.
fn password(pepper: &Pepper, stored: &str) -> String {
    let token = signed_token::token(pepper, "device password", stored);
    let (_, mark) = token.rsplit_once('.').unwrap_or_default();
    mark.chars().take(PASSWORD).collect()
}

/// A browser on which the owner of an account has signed in.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: String,
    password: String,
}

impl Device {
    /// Returns the browser behind a cookie, if it vouches for this account.
    pub fn of(pepper: &Pepper, cookie: Option<&DeviceToken>, email: &str) -> Option<Self> {
        let (id, accounts) = parts(cookie?)?;
        accounts.into_iter().find_map(|(password, mark)| {
            let token = format!("{id}{password}.{mark}");
            signed_token::id(pepper, &purpose(email), &token)?;
            Some(Self {
                id: id.to_owned(),
                password: password.to_owned(),
            })
        })
    }

    /// Returns whether the account's password is still the one that was used on this browser.
    pub fn holds(&self, pepper: &Pepper, stored: &str) -> bool {
        self.password == password(pepper, stored)
    }
}

/// Issues the cookie for a browser that has just authenticated its owner. It still vouches for the accounts of
/// `earlier`.
pub fn issue(
    pepper: &Pepper,
    earlier: Option<&DeviceToken>,
    email: &str,
    stored: &str,
) -> Result<DeviceToken> {
    let known = earlier.and_then(parts);
    let id = match &known {
        Some((id, _)) => (*id).to_owned(),
        None => random::hex(&random::bytes::<{ ID / 2 }>()?),
    };
    let sealed = |password: &str| {
        let token = signed_token::token(pepper, &purpose(email), &format!("{id}{password}"));
        let (_, mark) = token.rsplit_once('.').unwrap_or_default();
        format!("{password}{mark}")
    };
    let mut marks = vec![id.clone(), sealed(&password(pepper, stored))];
    let others = known.map(|(_, accounts)| accounts).unwrap_or_default();
    for (password, mark) in others {
        let part = format!("{password}{mark}");
        // Skips the earlier mark of this account, which is out of date.
        if part != sealed(password) && marks.len() <= ACCOUNTS {
            marks.push(part);
        }
    }
    Ok(DeviceToken::sent(&marks.join(".")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn pepper() -> Pepper {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Pepper::draw(&folder.path().join("pepper")).unwrap();
        drawn.keep().unwrap()
    }

    #[test]
    fn a_browser_vouches_for_its_accounts_and_no_other() {
        let pepper = pepper();
        let one = issue(&pepper, None, "a@example.com", "hash a").unwrap();
        let both = issue(&pepper, Some(&one), "b@example.com", "hash b").unwrap();
        let of = |token: &DeviceToken, email| Device::of(&pepper, Some(token), email);
        let a = of(&both, "a@example.com").unwrap();
        let b = of(&both, "b@example.com").unwrap();
        assert_eq!(a.id, b.id, "one browser");
        assert!(a.holds(&pepper, "hash a") && b.holds(&pepper, "hash b"));
        assert!(!a.holds(&pepper, "a later hash"));
        assert!(of(&one, "b@example.com").is_none());
        let again = issue(&pepper, Some(&both), "a@example.com", "a later hash").unwrap();
        assert!(
            of(&again, "a@example.com")
                .unwrap()
                .holds(&pepper, "a later hash")
        );
        assert!(of(&again, "b@example.com").is_some());
        assert_eq!(
            again.expose().len(),
            both.expose().len(),
            "one mark an account"
        );
        let mut full = again;
        for number in 0..10 {
            full = issue(&pepper, Some(&full), &format!("{number}@example.com"), "").unwrap();
        }
        assert_eq!(full.expose().split('.').count(), 1 + ACCOUNTS);
        assert!(of(&full, "9@example.com").is_some() && of(&full, "a@example.com").is_none());
    }

    #[test]
    fn a_cookie_that_was_tampered_with_vouches_for_nothing() {
        let pepper = pepper();
        let made = issue(&pepper, None, "a@example.com", "hash").unwrap();
        let other = issue(&pepper, None, "b@example.com", "hash").unwrap();
        let (id, mark) = made.expose().split_once('.').unwrap();
        let (other_id, other_mark) = other.expose().split_once('.').unwrap();
        for wrong in [
            String::new(),
            ".".to_owned(),
            id.to_owned(),
            format!("{id}."),
            format!("{other_id}.{mark}"),
            format!("{id}.{other_mark}"),
            format!("{id}.{}", &mark[1..]),
            format!("{id}.{mark}."),
            format!("{id}{}", format!(".{other_mark}").repeat(5000)),
            format!("é{}.{mark}", &id[2..]),
        ] {
            let sent = DeviceToken::sent(&wrong);
            assert!(
                Device::of(&pepper, Some(&sent), "a@example.com").is_none(),
                "{wrong}"
            );
        }
        assert!(Device::of(&pepper, None, "a@example.com").is_none());
        assert_eq!(format!("{made:?}"), "[device]");
    }
}

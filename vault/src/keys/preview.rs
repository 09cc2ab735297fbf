//! The meaning of an expiration before it is set, for the forms that offer one.

use shared::relative::relative;
use shared::validation;

use crate::accounts::account::Account;
use crate::time::format::moment;
use crate::vault::Vault;

impl Vault {
    /// Returns a sentence about the instant that an expiration in the expiry grammar means now, in the account's zone:
    /// "Expires Fri 26 Feb 2027, 20:20 UTC, in 90 days." It is empty for a text that is no expiration, and a reason for
    /// one that cannot be set.
    pub fn expiry_sentence(&self, account: &Account, expiry: &str) -> String {
        let Ok(expiry) = validation::expiry(expiry) else {
            return String::new();
        };
        let now = self.now();
        match expiry.resolve_later(now, &account.time_zone) {
            Ok(Some(at)) => format!(
                "Expires {}, {}.",
                moment(at, account.time_zone).text,
                relative(at, now)
            ),
            Ok(None) => {
                "Never expires. If the key leaks, it works until you expire it. A date is safer."
                    .to_owned()
            }
            Err(error) => error.to_string(),
        }
    }
}

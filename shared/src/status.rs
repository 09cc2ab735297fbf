//! A key's status: a function of its expiration and the instant, never stored.

use serde::{Deserialize, Serialize};

/// The status of a key at an instant.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use, and not about to expire.
    Active,
    /// In use, and inside the account's warning window.
    ExpiringSoon,
    /// Out of use, kept in the inventory.
    Expired,
}

impl Status {
    /// Every status, in the order in which pages list them.
    pub const ALL: [Self; 3] = [Self::Active, Self::ExpiringSoon, Self::Expired];

    /// Returns the status at `now` of a key that expires at `expires_at` (none: never), for an account with a warning
    /// window of `window` milliseconds.
    pub fn at(expires_at: Option<i64>, now: i64, window: i64) -> Self {
        match expires_at {
            Some(at) if !is_good(expires_at, now) => {
                debug_assert!(at <= now);
                Self::Expired
            }
            Some(at) if at.saturating_sub(now) <= window => Self::ExpiringSoon,
            _ => Self::Active,
        }
    }

    /// The name in addresses and in JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
        }
    }

    /// The label on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::ExpiringSoon => "Expiring soon",
            Self::Expired => "Expired",
        }
    }

    /// Parses [`Status::slug`]; anything else is none.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.slug() == slug)
    }
}

/// Returns whether a key may be used at `now`: strictly before its expiration.
pub fn is_good(expires_at: Option<i64>, now: i64) -> bool {
    expires_at.is_none_or(|at| now < at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::DAY_MS;
    use crate::validation::WARNING_DAYS;

    const T: i64 = 1_795_737_599_999;

    /// Requirement A5: a key is good strictly before the expiration, and not one millisecond longer.
    #[test]
    fn a_key_ends_exactly_at_its_expiration() {
        assert!(is_good(Some(T), T - 1));
        assert!(!is_good(Some(T), T));
        assert!(!is_good(Some(T), T + 1));
        for days in WARNING_DAYS {
            let window = days * DAY_MS;
            assert_eq!(Status::at(Some(T), T - 1, window), Status::ExpiringSoon);
            assert_eq!(Status::at(Some(T), T, window), Status::Expired);
            assert_eq!(Status::at(Some(T), T + 1, window), Status::Expired);
        }
    }

    /// The warning begins exactly one window ahead, for every window that an account may choose.
    #[test]
    fn the_warning_begins_exactly_a_window_ahead() {
        for days in WARNING_DAYS {
            let window = days * DAY_MS;
            assert_eq!(
                Status::at(Some(T), T - window - 1, window),
                Status::Active,
                "{days} days"
            );
            assert_eq!(
                Status::at(Some(T), T - window, window),
                Status::ExpiringSoon,
                "{days} days"
            );
            assert_eq!(
                Status::at(Some(T), T - window + 1, window),
                Status::ExpiringSoon,
                "{days} days"
            );
        }
    }

    /// Rule 1: a key without an expiration never expires, whatever the clock shows.
    #[test]
    fn a_key_without_expiration_is_always_active() {
        for now in [i64::MIN, 0, T, i64::MAX] {
            assert!(is_good(None, now));
            assert_eq!(Status::at(None, now, 90 * DAY_MS), Status::Active);
        }
    }

    /// Addresses and JSON use one name for a status; a change would break links and programs.
    #[test]
    fn the_words_are_a_contract() -> Result<(), serde_json::Error> {
        assert_eq!(
            Status::ALL.map(Status::slug),
            ["active", "expiring_soon", "expired"]
        );
        assert_eq!(
            Status::ALL.map(Status::label),
            ["Active", "Expiring soon", "Expired"]
        );
        for status in Status::ALL {
            assert_eq!(Status::from_slug(status.slug()), Some(status));
            assert_eq!(serde_json::to_value(status)?, status.slug());
            assert_eq!(
                serde_json::from_value::<Status>(status.slug().into())?,
                status
            );
        }
        for unknown in ["", "Active", "expiring", "expiring-soon", " active", "all"] {
            assert_eq!(Status::from_slug(unknown), None, "{unknown:?}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(2000))]

        /// The page and the gateway never disagree: expired means rejected, at any instants.
        #[test]
        fn expired_is_the_opposite_of_good(at: i64, now: i64, window in 0..=90 * DAY_MS) {
            let expired = Status::at(Some(at), now, window) == Status::Expired;
            prop_assert_eq!(expired, !is_good(Some(at), now));
            prop_assert_eq!(expired, now >= at);
        }

        /// As time passes, a key goes from active to expiring soon to expired and never back.
        #[test]
        fn a_status_only_moves_forward(
            at in -DAY_MS..DAY_MS * 400,
            first in -DAY_MS..DAY_MS * 400,
            wait in 0..DAY_MS * 400,
            window in 0..=90 * DAY_MS,
        ) {
            let rank = |now| Status::ALL.iter().position(|&status| status == Status::at(Some(at), now, window));
            prop_assert!(rank(first) <= rank(first + wait));
        }

        /// A wider window warns earlier, but changes nothing else about a key.
        #[test]
        fn the_window_moves_the_warning_only(at: i64, now: i64, narrow in 0..=90 * DAY_MS, more in 0..=90 * DAY_MS) {
            let (narrow, wide) = (Status::at(Some(at), now, narrow), Status::at(Some(at), now, narrow + more));
            prop_assert!(narrow == wide || (narrow == Status::Active && wide == Status::ExpiringSoon));
        }
    }
}

//! A key's status: a function of its expiration and the instant, never stored.

use serde::{Deserialize, Serialize};

/// What a key is at an instant.
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

    /// The status at `now` of a key that expires at `expires_at` (none: never), for an account that
    /// wants to be warned `window` milliseconds ahead.
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

    /// The word in addresses and in JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
        }
    }

    /// The word on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::ExpiringSoon => "Expiring soon",
            Self::Expired => "Expired",
        }
    }

    /// Reads [`Status::slug`]; anything else is none.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.slug() == slug)
    }
}

/// Whether a key may be used at `now`: strictly before its expiration.
pub fn is_good(expires_at: Option<i64>, now: i64) -> bool {
    expires_at.is_none_or(|at| now < at)
}

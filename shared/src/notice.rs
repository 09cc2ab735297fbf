//! The stages of notices: the distances from a key's expiration at which it is announced.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DAY_MS;

/// A distance from a key's expiration at which its account gets a notice, in the order of time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[serde(rename = "days_30")]
    Days30,
    #[serde(rename = "days_14")]
    Days14,
    #[serde(rename = "days_7")]
    Days7,
    #[serde(rename = "days_3")]
    Days3,
    #[serde(rename = "days_1")]
    Days1,
    Expired,
    DayAfter,
}

impl Stage {
    pub const ALL: [Self; 7] = [
        Self::Days30,
        Self::Days14,
        Self::Days7,
        Self::Days3,
        Self::Days1,
        Self::Expired,
        Self::DayAfter,
    ];

    /// Returns how long before the expiration the stage is due, in milliseconds; negative if it is due afterwards.
    pub const fn lead(self) -> i64 {
        match self {
            Self::Days30 => 30 * DAY_MS,
            Self::Days14 => 14 * DAY_MS,
            Self::Days7 => 7 * DAY_MS,
            Self::Days3 => 3 * DAY_MS,
            Self::Days1 => DAY_MS,
            Self::Expired => 0,
            Self::DayAfter => -DAY_MS,
        }
    }

    /// Returns the instant at which the stage is due, UTC epoch milliseconds.
    pub const fn due(self, expires_at: i64) -> i64 {
        expires_at.saturating_sub(self.lead())
    }

    /// Returns whether the stage applies to a key whose expiration was set at `set_at` to be `expires_at`. A warning
    /// comes at most half of that time ahead: a key made for a week needs no notice a month ahead. The reminder on the
    /// day after is for keys that expired on their own: an account that expired one manually knows.
    pub const fn applies(self, set_at: i64, expires_at: i64) -> bool {
        let life = expires_at.saturating_sub(set_at);
        match self {
            Self::Expired => true,
            Self::DayAfter => life > 0,
            _ => self.lead().saturating_mul(2) <= life,
        }
    }

    /// The stored name of the stage; it never changes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Days30 => "days_30",
            Self::Days14 => "days_14",
            Self::Days7 => "days_7",
            Self::Days3 => "days_3",
            Self::Days1 => "days_1",
            Self::Expired => "expired",
            Self::DayAfter => "day_after",
        }
    }

    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.slug() == slug)
    }

    /// The label for people: "3 days before".
    pub const fn label(self) -> &'static str {
        match self {
            Self::Days30 => "30 days before",
            Self::Days14 => "14 days before",
            Self::Days7 => "7 days before",
            Self::Days3 => "3 days before",
            Self::Days1 => "1 day before",
            Self::Expired => "When it expires",
            Self::DayAfter => "1 day after",
        }
    }
}

/// The stages that an account has chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stages(u8);

impl Stages {
    pub const ALL: Self = Self((1 << Stage::ALL.len()) - 1);
    pub const NONE: Self = Self(0);

    pub const fn contains(self, stage: Stage) -> bool {
        self.0 & (1 << stage as u8) != 0
    }

    #[must_use]
    pub const fn with(self, stage: Stage) -> Self {
        Self(self.0 | 1 << stage as u8)
    }

    /// Iterates over the chosen stages, in the order of time.
    pub fn iter(self) -> impl Iterator<Item = Stage> {
        Stage::ALL
            .into_iter()
            .filter(move |stage| self.contains(*stage))
    }
}

impl FromIterator<Stage> for Stages {
    fn from_iter<I: IntoIterator<Item = Stage>>(stages: I) -> Self {
        stages.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The stored form: slugs, comma-separated.
impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(stage.slug())?;
        }
        Ok(())
    }
}

impl FromStr for Stages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .filter(|slug| !slug.is_empty())
            .map(|slug| Stage::from_slug(slug).ok_or_else(|| format!("no stage named {slug:?}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_one_word_everywhere() {
        for stage in Stage::ALL {
            assert_eq!(Stage::from_slug(stage.slug()), Some(stage));
            assert_eq!(
                serde_json::to_value(stage).ok(),
                Some(stage.slug().into()),
                "in JSON and in the database"
            );
        }
    }

    #[test]
    fn chosen_stages_are_stored_and_read_back() {
        for bits in 0..=Stages::ALL.0 {
            assert_eq!(Stages(bits).to_string().parse(), Ok(Stages(bits)));
        }
        assert!("days_30,tomorrow".parse::<Stages>().is_err());
        assert_eq!(Stages::NONE.to_string(), "");
    }

    #[test]
    fn a_warning_takes_up_half_of_the_time_at_most() {
        let applies = |days: i64| -> Vec<Stage> {
            let set_at = 1_795_435_200_000;
            let expires_at = set_at + days * DAY_MS;
            let all = Stage::ALL.into_iter();
            all.filter(|stage| stage.applies(set_at, expires_at))
                .collect()
        };
        use Stage::{DayAfter, Days1, Days3, Days7, Expired};
        assert_eq!(applies(60), Stage::ALL);
        assert_eq!(applies(59), Stage::ALL[1..]);
        assert_eq!(applies(14), [Days7, Days3, Days1, Expired, DayAfter]);
        assert_eq!(applies(7), [Days3, Days1, Expired, DayAfter]);
        assert_eq!(applies(1), [Expired, DayAfter]);
        assert_eq!(applies(0), [Expired], "expired by hand");
    }
}

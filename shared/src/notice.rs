//! The stages of notices: the distances from a key's expiration at which it is announced.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::DAY_MS;

/// The table of stages, in the order of time: the variant of [`Stage`], the slug, the lead, and the label for people.
///
/// The lead is the time from the notice to the expiration in milliseconds, negative for a notice after it. The slug
/// names the stage in the database, in JSON and in forms, and never changes.
///
/// `stage_table!(generate)` calls the macro `generate!` with these entries: the enum below and the form's fields in
/// `app` are both generated from them, so a stage needs one entry.
#[macro_export]
macro_rules! stage_table {
    ($generate:ident) => {
        $generate! {
            Days30, days_30, 30 * DAY_MS, "30 days before";
            Days14, days_14, 14 * DAY_MS, "14 days before";
            Days7, days_7, 7 * DAY_MS, "7 days before";
            Days3, days_3, 3 * DAY_MS, "3 days before";
            Days1, days_1, DAY_MS, "1 day before";
            Expired, expired, 0, "When it expires";
            DayAfter, day_after, -DAY_MS, "1 day after";
        }
    };
}

macro_rules! define_stages {
    ($($stage:ident, $slug:ident, $lead:expr, $label:literal;)*) => {
        /// A distance from a key's expiration at which its account gets a notice, in the order of time.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Stage {
            $($stage,)*
        }

        impl Stage {
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$stage),*];

            /// Returns how long before the expiration the stage is due, in milliseconds; negative if it is due
            /// afterwards.
            pub const fn lead(self) -> i64 {
                match self {
                    $(Self::$stage => $lead,)*
                }
            }

            /// The stored name of the stage; it never changes.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$stage => stringify!($slug),)*
                }
            }

            /// The label for people: "3 days before".
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$stage => $label,)*
                }
            }
        }
    };
}

stage_table!(define_stages);

const _: () = {
    let mut next = 1;
    while next < Stage::ALL.len() {
        assert!(
            Stage::ALL[next - 1].lead() > Stage::ALL[next].lead(),
            "the table of stages must be in the order of time"
        );
        next += 1;
    }
};

impl Stage {
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.slug() == slug)
    }

    /// Returns the instant at which the stage is due, UTC epoch milliseconds.
    pub const fn due(self, expires_at: i64) -> i64 {
        expires_at.saturating_sub(self.lead())
    }

    /// Returns whether the stage applies to a key whose expiration was set at `set_at` to be `expires_at`. A warning
    /// comes at most half of that time ahead: a key made for a week needs no notice a month ahead. A reminder after
    /// the expiration is for keys that expired on their own: an account that expired one manually knows.
    pub const fn applies(self, set_at: i64, expires_at: i64) -> bool {
        let (lead, life) = (self.lead(), expires_at.saturating_sub(set_at));
        if lead < 0 {
            life > 0
        } else {
            lead == 0 || lead.saturating_mul(2) <= life
        }
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Stage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = String::deserialize(deserializer)?;
        Self::from_slug(&slug).ok_or_else(|| D::Error::custom("no such stage"))
    }
}

/// The stages that an account has chosen, one bit each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stages(u32);

impl Stages {
    pub const ALL: Self = Self((1 << Stage::ALL.len()) - 1);
    pub const NONE: Self = Self(0);

    pub const fn contains(self, stage: Stage) -> bool {
        self.0 & (1 << stage as u32) != 0
    }

    #[must_use]
    pub const fn with(self, stage: Stage) -> Self {
        Self(self.0 | 1 << stage as u32)
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
        let set_at = 1_795_435_200_000;
        for stage in Stage::ALL {
            let applies = |life: i64| stage.applies(set_at, set_at + life);
            let lead = stage.lead();
            if lead > 0 {
                assert!(applies(2 * lead), "{stage:?}");
                assert!(!applies(2 * lead - 1), "{stage:?}");
            } else {
                assert!(applies(1), "{stage:?}");
                assert_eq!(applies(0), lead == 0, "{stage:?}, expired manually");
            }
        }
        let of_a_week = |stage: Stage| stage.applies(set_at, set_at + 7 * DAY_MS);
        use Stage::{DayAfter, Days1, Days3, Days7, Days14, Days30, Expired};
        assert!([Days3, Days1, Expired, DayAfter].into_iter().all(of_a_week));
        assert!(![Days30, Days14, Days7].into_iter().any(of_a_week));
    }
}

//! How an account writes dates and times.

/// The order of a date's parts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DateStyle {
    /// "26 Feb 2027".
    #[default]
    DayMonthYear,
    /// "Feb 26, 2027".
    MonthDayYear,
    /// "2027-02-26".
    YearMonthDay,
}

impl DateStyle {
    pub const ALL: [Self; 3] = [Self::DayMonthYear, Self::MonthDayYear, Self::YearMonthDay];

    /// The stored name; it never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::DayMonthYear => "day_month_year",
            Self::MonthDayYear => "month_day_year",
            Self::YearMonthDay => "year_month_day",
        }
    }

    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.slug() == slug)
    }
}

/// The hours of a clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClockStyle {
    /// "20:20".
    #[default]
    Hours24,
    /// "8:20 PM".
    Hours12,
}

impl ClockStyle {
    pub const ALL: [Self; 2] = [Self::Hours24, Self::Hours12];

    /// The stored name; it never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Hours24 => "hours_24",
            Self::Hours12 => "hours_12",
        }
    }

    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.slug() == slug)
    }
}

/// How dates and times are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Writing {
    pub date: DateStyle,
    pub clock: ClockStyle,
}

impl Writing {
    /// Reads the columns of an account. A name of a later version means the default.
    pub fn stored(date: &str, clock: &str) -> Self {
        Self {
            date: DateStyle::from_slug(date).unwrap_or_default(),
            clock: ClockStyle::from_slug(clock).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_has_one_name() {
        for style in DateStyle::ALL {
            assert_eq!(DateStyle::from_slug(style.slug()), Some(style));
        }
        for style in ClockStyle::ALL {
            assert_eq!(ClockStyle::from_slug(style.slug()), Some(style));
        }
        assert_eq!(
            Writing::stored("year_month_day", "of Mars"),
            Writing {
                date: DateStyle::YearMonthDay,
                clock: ClockStyle::Hours24,
            }
        );
    }
}

//! Light, dark, or what the system prefers.

/// The look that a person chose. It lives in a cookie so that the server renders the right one at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Reads the cookie's value; anything unknown is the system's choice.
    pub fn from_cookie(value: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.slug() == value)
            .unwrap_or_default()
    }

    pub fn slug(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// `data-theme` on the document; the system's choice has none.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.slug())
    }
}

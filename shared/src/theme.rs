//! The theme: light, dark, or the system's preference.

/// The chosen theme. A cookie holds it, so that the server renders the right one at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Parses the cookie's value. An unknown value means the system's preference.
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

    /// Returns the value of `data-theme` on the document; none for the system's preference.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.slug())
    }
}

//! What the table of keys shows: search, filter, order and page, as they stand in the address.

use serde::{Deserialize, Serialize};

use crate::status::Status;

/// Rows on one page.
pub const PAGE_SIZE: u32 = 50;

/// Longest search text, in characters; what follows is ignored.
pub const MAX_SEARCH_CHARS: usize = 100;

/// A column that orders the table.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Name,
    AccessKey,
    Status,
    Created,
    Expires,
}

impl Column {
    pub const ALL: [Self; 5] = [Self::Name, Self::AccessKey, Self::Status, Self::Created, Self::Expires];

    /// The word in the address.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::AccessKey => "access_key",
            Self::Status => "status",
            Self::Created => "created",
            Self::Expires => "expires",
        }
    }

    /// The word in the table's head.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::AccessKey => "Access key",
            Self::Status => "Status",
            Self::Created => "Created",
            Self::Expires => "Expires",
        }
    }
}

/// A column and a direction; `-name` in the address is descending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

impl Default for Sort {
    /// Newest first.
    fn default() -> Self {
        Self { column: Column::Created, descending: true }
    }
}

impl Sort {
    /// Reads the address's word; anything unknown is the default.
    pub fn parse(text: &str) -> Self {
        let (descending, slug) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        Column::ALL
            .into_iter()
            .find(|column| column.slug() == slug)
            .map_or_else(Self::default, |column| Self { column, descending })
    }

    pub fn to_param(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.slug())
    }

    /// What a click on a column's head asks for: that column, or the other direction of it.
    #[must_use]
    pub fn clicked(self, column: Column) -> Self {
        Self { column, descending: self.column == column && !self.descending }
    }
}

/// Which keys to show. Every text is acceptable: what means nothing is as if absent, so that an old or
/// mistyped link still opens the page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListQuery {
    pub search: String,
    pub status: Option<Status>,
    pub sort: Sort,
    /// From 1.
    pub page: u32,
}

impl ListQuery {
    pub fn parse(q: &str, status: &str, sort: &str, page: &str) -> Self {
        Self {
            search: q.trim().chars().take(MAX_SEARCH_CHARS).collect(),
            status: Status::from_slug(status),
            sort: Sort::parse(sort),
            page: page.parse().unwrap_or(1).clamp(1, 1_000_000),
        }
    }
}

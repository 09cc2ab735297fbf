//! The query of the table of keys: search, filter, order and page, as in the address.

mod strict;

use serde::{Deserialize, Serialize};

use crate::status::Status;

/// Rows on one page, unless the account has chosen another of [`PAGE_SIZES`].
pub const PAGE_SIZE: u32 = 50;

/// The page sizes to choose from.
pub const PAGE_SIZES: [u32; 3] = [25, 50, 100];

/// Days without an accepted call after which a key counts as idle.
pub const IDLE_DAYS: i64 = 90;

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
    Used,
}

impl Column {
    pub const ALL: [Self; 6] = [
        Self::Name,
        Self::AccessKey,
        Self::Status,
        Self::Created,
        Self::Expires,
        Self::Used,
    ];

    /// The name in the address.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::AccessKey => "access_key",
            Self::Status => "status",
            Self::Created => "created",
            Self::Expires => "expires",
            Self::Used => "used",
        }
    }

    /// The label in the table's head.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::AccessKey => "Access key",
            Self::Status => "Status",
            Self::Created => "Created",
            Self::Expires => "Expires",
            Self::Used => "Last used",
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
        Self {
            column: Column::Created,
            descending: true,
        }
    }
}

impl Sort {
    /// Parses the text in the address; an unknown one means the default.
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
        format!(
            "{}{}",
            if self.descending { "-" } else { "" },
            self.column.slug()
        )
    }

    /// Returns the order after a click on a column's head: that column, or its other direction.
    #[must_use]
    pub fn clicked(self, column: Column) -> Self {
        Self {
            column,
            descending: self.column == column && !self.descending,
        }
    }
}

/// A selection of keys beside their status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Show {
    /// No call was accepted yet.
    NeverUsed,
    /// No call was accepted for [`IDLE_DAYS`]; a key that was never used counts from its creation.
    Idle,
    /// Without an expiration.
    NeverExpires,
    /// The expiration lies in the present calendar month of the account's zone, passed or not.
    ThisMonth,
}

impl Show {
    pub const ALL: [Self; 4] = [
        Self::NeverUsed,
        Self::Idle,
        Self::NeverExpires,
        Self::ThisMonth,
    ];

    /// The name in the address.
    pub fn slug(self) -> &'static str {
        match self {
            Self::NeverUsed => "never_used",
            Self::Idle => "idle",
            Self::NeverExpires => "never_expires",
            Self::ThisMonth => "this_month",
        }
    }

    /// The label on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::NeverUsed => "Never used",
            Self::Idle => "Idle for 90 days",
            Self::NeverExpires => "Never expires",
            Self::ThisMonth => "Expires this month",
        }
    }

    /// Parses [`Show::slug`]; anything else is none.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.slug() == slug)
    }
}

/// The keys to show. Every text is acceptable: an invalid one counts as absent, so that an old or mistyped link still
/// opens the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListQuery {
    /// Words, each of which must occur, in any order.
    pub search: String,
    pub status: Option<Status>,
    pub show: Option<Show>,
    pub sort: Sort,
    /// From 1.
    pub page: u32,
}

impl Default for ListQuery {
    /// All keys, newest first, from page 1.
    fn default() -> Self {
        Self::parse("", "", "", "", "")
    }
}

/// The last page that can be asked for.
const LAST_PAGE: u32 = 1_000_000;

impl ListQuery {
    pub fn parse(q: &str, status: &str, show: &str, sort: &str, page: &str) -> Self {
        Self {
            search: q.trim().chars().take(MAX_SEARCH_CHARS).collect(),
            status: Status::from_slug(status),
            show: Show::from_slug(show),
            sort: Sort::parse(sort),
            page: page.parse().unwrap_or(1).clamp(1, LAST_PAGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An old or mistyped link still opens the page: unknown texts count as absent.
    #[test]
    fn unknown_words_are_as_if_absent() {
        let absent = ListQuery::parse("", "", "", "", "");
        assert_eq!(
            absent,
            ListQuery {
                search: String::new(),
                status: None,
                show: None,
                sort: Sort::default(),
                page: 1
            }
        );
        assert_eq!(ListQuery::default(), absent);
        for word in [
            "all",
            "Active",
            "created desc",
            "--name",
            "-",
            "NAME",
            "1; DROP TABLE keys",
            "-1",
            "1e3",
            "٣",
            "\0",
        ] {
            assert_eq!(
                ListQuery::parse("", word, word, word, word),
                absent,
                "{word:?}"
            );
        }
    }

    #[test]
    fn known_words_are_read() {
        assert_eq!(
            ListQuery::parse("  billing  ", "expiring_soon", "idle", "-expires", "3"),
            ListQuery {
                search: "billing".to_owned(),
                status: Some(Status::ExpiringSoon),
                show: Some(Show::Idle),
                sort: Sort {
                    column: Column::Expires,
                    descending: true
                },
                page: 3,
            }
        );
    }

    /// Pages count from 1 and stay far below an overflow of the offset in rows.
    #[test]
    fn a_page_is_from_1_to_a_million() {
        for (text, page) in [
            ("0", 1),
            ("1", 1),
            ("2", 2),
            ("1000000", 1_000_000),
            ("1000001", 1_000_000),
            ("4294967295", 1_000_000),
            ("4294967296", 1),
        ] {
            assert_eq!(ListQuery::parse("", "", "", "", text).page, page, "{text}");
        }
    }

    /// The address of a sorted table opens the same table again.
    #[test]
    fn a_sort_survives_the_address() {
        for column in Column::ALL {
            for descending in [false, true] {
                let sort = Sort { column, descending };
                assert_eq!(Sort::parse(&sort.to_param()), sort);
            }
        }
        assert_eq!(Sort::default().to_param(), "-created");
    }

    /// A column's head sorts upwards at the first click and reverses at the next; another column starts upwards.
    #[test]
    fn a_click_toggles_its_own_column() {
        for column in Column::ALL {
            let up = Sort {
                column,
                descending: false,
            };
            let down = Sort {
                column,
                descending: true,
            };
            assert_eq!(up.clicked(column), down);
            assert_eq!(down.clicked(column), up);
            for other in Column::ALL.into_iter().filter(|&other| other != column) {
                let ascending = Sort {
                    column: other,
                    descending: false,
                };
                assert_eq!([up.clicked(other), down.clicked(other)], [ascending; 2]);
            }
        }
    }

    /// Addresses and JSON use the same names for the columns; a change would break links.
    #[test]
    fn the_words_are_a_contract() -> Result<(), serde_json::Error> {
        assert_eq!(
            Column::ALL.map(Column::slug),
            ["name", "access_key", "status", "created", "expires", "used"]
        );
        assert_eq!(
            Column::ALL.map(Column::label),
            [
                "Name",
                "Access key",
                "Status",
                "Created",
                "Expires",
                "Last used"
            ]
        );
        for column in Column::ALL {
            assert_eq!(serde_json::to_value(column)?, column.slug());
        }
        assert_eq!(
            Show::ALL.map(Show::slug),
            ["never_used", "idle", "never_expires", "this_month"]
        );
        for show in Show::ALL {
            assert_eq!(Show::from_slug(show.slug()), Some(show));
        }
        assert_eq!(
            Show::Idle.label(),
            format!("Idle for {IDLE_DAYS} days"),
            "the label names the number"
        );
        Ok(())
    }

    #[test]
    fn the_page_size_is_one_to_choose() {
        assert!(PAGE_SIZES.contains(&PAGE_SIZE) && PAGE_SIZES.is_sorted());
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(1000))]

        /// Any five texts make a query with every part within its bounds.
        #[test]
        fn every_text_is_acceptable(
            q in any::<String>(),
            status in any::<String>(),
            show in any::<String>(),
            sort in any::<String>(),
            page in any::<String>(),
        ) {
            let query = ListQuery::parse(&q, &status, &show, &sort, &page);
            prop_assert!(query.search.chars().count() <= MAX_SEARCH_CHARS);
            prop_assert!((1..=1_000_000).contains(&query.page));
        }

        /// A long search is cut by characters, never inside one.
        #[test]
        fn a_long_search_is_cut_by_characters(q in "[a-zäß€🔑]{90,120}") {
            let query = ListQuery::parse(&q, "", "", "", "");
            prop_assert_eq!(query.search.chars().count(), q.chars().count().min(MAX_SEARCH_CHARS));
            prop_assert!(q.starts_with(&query.search));
        }
    }
}

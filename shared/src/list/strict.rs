//! The list of keys as programs ask for it: an unknown value is an error, where the page for people ignores it.

use super::{Column, LAST_PAGE, ListQuery};

const WRONG_SORT: &str = "The sort must be name, access_key, status, created, expires or used, with a minus before it for descending.";

impl ListQuery {
    /// Parses the same for a program, which would take every key for the ones it asked for. An absent text is empty.
    ///
    /// # Errors
    /// The sentence about the first text that is not acceptable.
    pub fn parse_strictly(
        q: &str,
        status: &str,
        show: &str,
        sort: &str,
        page: &str,
    ) -> Result<Self, &'static str> {
        let query = Self::parse(q, status, show, sort, page);
        let column = sort.strip_prefix('-').unwrap_or(sort);
        if !status.is_empty() && query.status.is_none() {
            return Err("The status must be active, expiring_soon or expired.");
        }
        if !show.is_empty() && query.show.is_none() {
            return Err(
                "The parameter show must be never_used, idle, never_expires or this_month.",
            );
        }
        if !sort.is_empty() && Column::ALL.iter().all(|known| known.slug() != column) {
            return Err(WRONG_SORT);
        }
        let digits = page.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || (!page.is_empty() && page.bytes().all(|byte| byte == b'0')) {
            return Err("The page must be a number from 1 on.");
        }
        // A number that is too long for the type is behind the last page too.
        let beyond = !page.is_empty() && page.parse::<u32>().is_err();
        let page = if beyond { LAST_PAGE } else { query.page };
        Ok(Self { page, ..query })
    }
}

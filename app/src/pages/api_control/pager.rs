//! The links between the pages of the table, and the position in it.

use leptos::prelude::*;
use shared::list::ListQuery;
use shared::view::KeyPage;

use super::address::address;

/// The links to the previous and the next page; none if one page shows everything.
pub fn pager(page: &KeyPage, query: &ListQuery) -> Option<AnyView> {
    if page.pages < 2 {
        return None;
    }
    let to = |number: u32| {
        address(&ListQuery {
            page: number,
            ..query.clone()
        })
    };
    let previous = (page.page > 1)
        .then(|| view! { <a class="button" rel="prev" href=to(page.page - 1)>"Previous"</a> });
    let next = (page.page < page.pages)
        .then(|| view! { <a class="button" rel="next" href=to(page.page + 1)>"Next"</a> });
    Some(
        view! {
            <nav class="pager" aria-label="Pages">
                {previous}
                <span>{position(page, query)}</span>
                {next}
            </nav>
        }
        .into_any(),
    )
}

/// "51–100 of 120 keys, page 2 of 3".
fn position(page: &KeyPage, query: &ListQuery) -> String {
    let total = query
        .status
        .map_or(page.counts.total(), |status| page.counts.of(status));
    let first = (page.page - 1) * page.size + 1;
    let last = i64::from(page.page * page.size).min(total);
    format!(
        "{first}–{last} of {total} keys, page {} of {}",
        page.page, page.pages
    )
}

#[cfg(test)]
mod tests {
    use shared::list::PAGE_SIZE;
    use shared::status::Status;
    use shared::view::{Columns, Counts};

    use super::*;

    fn page(page: u32, pages: u32) -> KeyPage {
        KeyPage {
            now: 0,
            window: 0,
            time_zone: "UTC".to_owned(),
            keys: Vec::new(),
            counts: Counts {
                active: 61,
                expiring_soon: 7,
                expired: 52,
            },
            page,
            pages,
            size: PAGE_SIZE,
            columns: Columns::default(),
        }
    }

    #[test]
    fn the_position_depends_on_the_page_size() {
        let page = KeyPage {
            size: 25,
            ..page(2, 5)
        };
        let position = position(&page, &ListQuery::default());
        assert_eq!(position, "26–50 of 120 keys, page 2 of 5");
    }

    #[test]
    fn the_position_counts_the_keys_of_the_page() {
        let all = ListQuery::default();
        assert_eq!(position(&page(1, 3), &all), "1–50 of 120 keys, page 1 of 3");
        assert_eq!(
            position(&page(2, 3), &all),
            "51–100 of 120 keys, page 2 of 3"
        );
        assert_eq!(
            position(&page(3, 3), &all),
            "101–120 of 120 keys, page 3 of 3"
        );
    }

    /// With a filter, the total is that of its status.
    #[test]
    fn the_position_counts_what_the_filter_shows() {
        let only = |status| ListQuery {
            status: Some(status),
            ..ListQuery::default()
        };
        assert_eq!(
            position(&page(2, 2), &only(Status::Active)),
            "51–61 of 61 keys, page 2 of 2"
        );
        assert_eq!(
            position(&page(2, 2), &only(Status::Expired)),
            "51–52 of 52 keys, page 2 of 2"
        );
    }

    #[test]
    fn one_page_needs_no_links() {
        assert!(pager(&page(1, 1), &ListQuery::default()).is_none());
        assert!(pager(&page(1, 2), &ListQuery::default()).is_some());
    }
}

//! The addresses of the table: search, filters, order and page as parameters.

use leptos_router::location::Url;
use shared::list::{ListQuery, Sort};

use crate::keys::key_actions::LIST;

/// Returns the page's address with a query.
pub fn address(query: &ListQuery) -> String {
    match parameters(query).as_str() {
        "" => LIST.to_owned(),
        parameters => [LIST, "?", parameters].concat(),
    }
}

/// Returns the parameters of a query. Defaults are left out.
pub fn parameters(query: &ListQuery) -> String {
    let mut parts = Vec::new();
    if !query.search.is_empty() {
        parts.push(format!("q={}", Url::escape(&query.search)));
    }
    if let Some(status) = query.status {
        parts.push(format!("status={}", status.slug()));
    }
    if let Some(show) = query.show {
        parts.push(format!("show={}", show.slug()));
    }
    if query.sort != Sort::default() {
        parts.push(format!("sort={}", query.sort.to_param()));
    }
    if query.page > 1 {
        parts.push(format!("page={}", query.page));
    }
    parts.join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::list::{Column, Show};
    use shared::status::Status;

    use super::*;

    const EXPIRES_LAST_FIRST: Sort = Sort {
        column: Column::Expires,
        descending: true,
    };

    #[test]
    fn the_address_holds_each_part_that_is_not_the_default() {
        let all = ListQuery::default();
        assert_eq!(address(&all), "/preferences/api-control");
        let expired = ListQuery {
            status: Some(Status::Expired),
            ..all.clone()
        };
        assert_eq!(address(&expired), "/preferences/api-control?status=expired");
        let second = ListQuery { page: 2, ..all };
        assert_eq!(address(&second), "/preferences/api-control?page=2");
        let everything = ListQuery {
            search: "cron & billing".to_owned(),
            status: Some(Status::ExpiringSoon),
            show: Some(Show::Idle),
            sort: EXPIRES_LAST_FIRST,
            page: 3,
        };
        assert_eq!(
            address(&everything),
            "/preferences/api-control?q=cron%20%26%20billing&status=expiring_soon&show=idle&sort=-expires&page=3"
        );
    }

    /// Reads an address as the router does.
    fn parsed(address: &str) -> ListQuery {
        let parameters = address
            .split_once('?')
            .map_or("", |(_, parameters)| parameters);
        let value = |name| {
            let pairs = parameters
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            let mut values = pairs.filter(|(key, _)| *key == name);
            values
                .next()
                .map(|(_, value)| Url::unescape(value))
                .unwrap_or_default()
        };
        ListQuery::parse(
            &value("q"),
            &value("status"),
            &value("show"),
            &value("sort"),
            &value("page"),
        )
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(1000))]

        /// The link to a table opens the same table, whatever was searched for.
        #[test]
        fn an_address_opens_the_same_table(
            search in "\\PC{0,40}|[&=?#%+/\u{e9}\u{1f511}]{0,12}",
            status in prop::option::of(prop::sample::select(&Status::ALL[..])),
            show in prop::option::of(prop::sample::select(&Show::ALL[..])),
            column in prop::sample::select(&Column::ALL[..]),
            descending: bool,
            page in 1..=1_000_000_u32,
        ) {
            let sort = Sort { column, descending };
            let search = search.trim().to_owned();
            let query = ListQuery { search, status, show, sort, page };
            let address = address(&query);
            prop_assert!(address.is_ascii() && !address.contains(['#', ' ', '+']), "{}", address);
            prop_assert_eq!(parsed(&address), query);
        }
    }
}

//! Small charts of the keys of a page: the calls of the last thirty days, read for all of them at once.

use std::collections::HashMap;
use std::iter::repeat_n;

use shared::DAY_MS;
use shared::usage::{KEY_DAYS, Sparkline};
use shared::view::KeyView;
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::storage::parameters::Parameters;
use crate::vault::Vault;

impl Vault {
    /// Adds the calls of the last [`KEY_DAYS`] days of UTC to the keys of a page of `size` rows, in one statement.
    pub(crate) async fn add_sparklines(
        &self,
        keys: &mut [KeyView],
        size: u32,
        now: i64,
    ) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let today = now.div_euclid(DAY_MS);
        let first = today + 1 - i64::from(KEY_DAYS);
        let mut parameters = Parameters::default();
        let from = parameters.number(first);
        let yesterday = parameters.number(today - 1);
        // As many as the page has rows, so that there are few different statements, all of them already prepared.
        let unused = (size as usize).saturating_sub(keys.len());
        let of_page = keys.iter().map(|key| key.access_key.as_str());
        let of_page = parameters.texts(of_page.chain(repeat_n("", unused)));
        // The last day that is summed up, as far as it matters here.
        let summed = format!(
            "(SELECT CASE WHEN day < {from} THEN {from} - 1 WHEN day > {yesterday} THEN {yesterday} ELSE day END
              FROM day_sums)"
        );
        // Days that are over are summed up; the hours of the others are few.
        let statement = format!(
            "SELECT access_key, string_agg(CAST(day AS TEXT) || ' ' || CAST(accepted AS TEXT) || ' ' || CAST(refused AS TEXT), ',')
             FROM (SELECT access_key, day, SUM(accepted) AS accepted, SUM(refused) AS refused
                   FROM (SELECT access_key, day, accepted, refused FROM key_days
                         WHERE access_key IN ({of_page}) AND day >= {from} AND day <= {summed}
                         UNION ALL
                         SELECT access_key, hour / 24, accepted, refused FROM key_hours
                         WHERE access_key IN ({of_page}) AND hour >= 24 * ({summed} + 1)) AS parts
                   GROUP BY access_key, day) AS days
             GROUP BY access_key"
        );
        let rows: Vec<(String, String)> = parameters
            .bind(sqlx::query_as(AssertSqlSafe(statement)))
            .fetch_all(&self.readers())
            .await?;
        let charts: HashMap<String, String> = rows.into_iter().collect();
        for key in keys {
            let days = charts.get(&key.access_key).map_or("", String::as_str);
            key.calls = chart(days, first);
        }
        Ok(())
    }
}

/// Reads days with their calls, "20780 3 0,20781 5 1" in any order, into a chart that begins on day `first`.
fn chart(days: &str, first: i64) -> Sparkline {
    let mut calls = [(0, 0); KEY_DAYS as usize];
    for day in days.split(',') {
        let mut numbers = day.split(' ').map(str::parse);
        if let (Some(Ok(day)), Some(Ok(accepted)), Some(Ok(refused))) =
            (numbers.next(), numbers.next(), numbers.next())
        {
            // A day ahead is from a clock that jumped.
            let place = i64::checked_sub(day, first).and_then(|place| usize::try_from(place).ok());
            if let Some(calls) = place.and_then(|place| calls.get_mut(place)) {
                *calls = (accepted, refused);
            }
        }
    }
    Sparkline::of(&calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_any_order() {
        let drawn = chart("131 1 0,100 4 5,129 0 3,99 7 7,102 2 1", 100);
        assert_eq!((drawn.accepted, drawn.refused), (6, 9));
        assert_eq!(drawn.days, "903000000000000000000000000003");
        assert_eq!(chart("", 100).days, "0".repeat(30));
    }
}

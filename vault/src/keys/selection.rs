//! The keys that a bulk change or an export is about: named ones, or all that the table's filters match.

use std::collections::HashSet;

use shared::list::ListQuery;
use shared::token::AccessKey;
use shared::validation::FieldErrors;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::queries::matching::{Matching, Parameters};
use super::row::{COLUMNS, Row, Stored};
use crate::accounts::account::Account;
use crate::error::{Error, Result};

/// Characters of a wrong access key that a message repeats.
const SHOWN: usize = 30;

/// The selected keys.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Those that the search and the filters match.
    All(ListQuery),
    /// Each once, in the order in which they were named.
    Named(Vec<AccessKey>),
}

impl Selection {
    /// Parses access keys separated by blanks, or `all` for those that `query` matches.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `access_keys`, if there are none; [`Error::NoSuchKeys`] for a text that is no access key.
    pub fn parse(access_keys: &str, query: &ListQuery) -> Result<Self> {
        if access_keys.trim() == "all" {
            return Ok(Self::All(query.clone()));
        }
        let mut named: Vec<AccessKey> = Vec::new();
        let mut wrong: Option<String> = None;
        let mut count = 0;
        for text in access_keys.split_whitespace() {
            if let Ok(access_key) = text.parse() {
                named.push(access_key);
            } else {
                count += 1;
                wrong.get_or_insert_with(|| text.chars().take(SHOWN).collect());
            }
        }
        if let Some(first) = wrong {
            return Err(Error::NoSuchKeys { first, count });
        }
        if named.is_empty() {
            return Err(FieldErrors::one("access_keys", "Select at least one key.").into());
        }
        let mut seen = HashSet::with_capacity(named.len());
        named.retain(|access_key| seen.insert(*access_key));
        Ok(Self::Named(named))
    }

    /// Reads the selected keys of the account at `now`, at most `most` of them and one.
    ///
    /// # Errors
    /// [`Error::NoSuchKeys`] if the account lacks one that is named.
    pub async fn rows(
        &self,
        connection: &mut AnyConnection,
        account: &Account,
        now: i64,
        most: usize,
    ) -> Result<Vec<Row>> {
        match self {
            Self::All(query) => {
                let mut parameters = Parameters::default();
                let matching = Matching::new(account, query, now, &mut parameters);
                let statement = format!(
                    "SELECT {COLUMNS} FROM {} WHERE {} ORDER BY k.access_key LIMIT {}",
                    matching.source(false),
                    matching.all(),
                    most + 1
                );
                // Built from constants only; all input is bound.
                let select = parameters.bind(sqlx::query_as(AssertSqlSafe(statement)));
                let rows: Vec<Stored> = select.fetch_all(connection).await?;
                rows.into_iter().map(Row::try_from).collect()
            }
            Self::Named(named) => {
                let named = &named[..named.len().min(most + 1)];
                let mut found = Row::find_all(connection, account, named).await?;
                let mut missing = named.iter().filter(|key| !found.contains_key(*key));
                if let Some(first) = missing.next() {
                    return Err(Error::NoSuchKeys {
                        first: first.to_string(),
                        count: 1 + missing.count(),
                    });
                }
                Ok(named.iter().filter_map(|key| found.remove(key)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Selection> {
        Selection::parse(text, &ListQuery::default())
    }

    #[test]
    fn keys_are_named_once_in_their_order() {
        let (one, other) = ("kh_0000000000000001", "kh_0000000000000000");
        let text = format!(" {one}\n{other}  {one}");
        let Ok(Selection::Named(named)) = parse(&text) else {
            panic!("keys were named");
        };
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        assert_eq!(named, [one, other]);
        assert!(matches!(parse(" all "), Ok(Selection::All(_))));
    }

    #[test]
    fn a_text_that_is_no_access_key_is_no_key() {
        let long = format!("kh_0000000000000001 {} nonsense", "x".repeat(1_000));
        match parse(&long) {
            Err(Error::NoSuchKeys { first, count }) => {
                assert_eq!((first.len(), count), (SHOWN, 2));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(parse(" \n"), Err(Error::Invalid(_))));
    }
}

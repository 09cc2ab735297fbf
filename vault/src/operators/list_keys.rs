//! Lists of keys of all accounts.
//!
//! A list is in the order of creation, and a filter may have few hits anywhere in it. So the places of a page are found
//! first: by what the directory knows, in memory; by words and uses, in the database. The rows follow by their keys.

use shared::DAY_MS;
use shared::status::Status;
use shared::token::AccessKey;
use shared::validation::FieldErrors;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::cursor::Place;
use super::keys::{Row, SELECT};
use super::record::{KeyRecord, Page};
use crate::accounts::managed;
use crate::error::{Error, Result};
use crate::keys::queries::matching::{pattern, words};
use crate::state::directory::Wanted;
use crate::storage::parameters::Parameters;
use crate::vault::Vault;

/// Keys that are searched in the order of the list: enough for a page of a word with many hits. Beyond them, a pass through
/// the whole table is faster than its index.
const NEAR: i64 = 2_000;

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// The id of an account, or `ext:` and an external id.
    pub owner: Option<String>,
    /// By the warning window of each key's own account.
    pub status: Option<Status>,
    /// Keys that expire before this instant, UTC epoch milliseconds, expired ones too.
    pub expires_before: Option<i64>,
    /// Keys of which no call was accepted since this instant.
    pub unused_since: Option<i64>,
    /// The company's own id of the person who made them.
    pub made_by: Option<String>,
    /// Words, each a part of name, description or access key.
    pub search: Option<String>,
}

impl KeyFilter {
    /// Returns whether the directory decides: it knows no words, no uses and no makers, and the index of an account's keys is faster
    /// where nothing but the account is asked for.
    fn is_in_memory(&self) -> bool {
        let in_memory = self.status.is_some() || self.expires_before.is_some();
        in_memory && self.unused_since.is_none() && self.made_by.is_none() && self.search.is_none()
    }
}

/// A filter with the id of its account.
struct Search<'a> {
    filter: &'a KeyFilter,
    words: Vec<String>,
    owner: Option<String>,
    now: i64,
    after: Place,
    most: i64,
}

impl Search<'_> {
    /// Returns the statement for the first places that match: up to `until` in the order of the list, or in one pass through
    /// the table.
    fn statement(&self, until: Option<&Place>, in_order: bool) -> (String, Parameters) {
        let mut parameters = Parameters::default();
        // The sign keeps the databases from using the index.
        let order = if in_order { "" } else { "+" };
        let mut place = |place: &Place| {
            let at = parameters.number(place.created_at);
            let key = parameters.text(&place.id);
            format!("({at}, {key})")
        };
        let mut wanted = vec![format!(
            "({order}k.created_at, k.access_key) > {}",
            place(&self.after)
        )];
        if let Some(until) = until {
            wanted.push(format!("(k.created_at, k.access_key) <= {}", place(until)));
        }
        let mut source = "api_keys k".to_owned();
        if let Some(owner) = &self.owner {
            wanted.push(format!("k.account_id = {}", parameters.text(owner)));
        }
        if let Some(status) = self.filter.status {
            source.push_str(" JOIN accounts a ON a.id = k.account_id");
            let now = parameters.number(self.now);
            let soon = format!("(CAST({now} AS BIGINT) + a.warning_days * {DAY_MS})");
            wanted.push(match status {
                Status::Active => format!("(k.expires_at IS NULL OR k.expires_at > {soon})"),
                Status::ExpiringSoon => {
                    format!("k.expires_at > {now} AND k.expires_at <= {soon}")
                }
                Status::Expired => format!("k.expires_at <= {now}"),
            });
        }
        if let Some(at) = self.filter.expires_before {
            wanted.push(format!("k.expires_at < {}", parameters.number(at)));
        }
        if let Some(at) = self.filter.unused_since {
            source.push_str(" LEFT JOIN last_uses u ON u.access_key = k.access_key");
            let at = parameters.number(at);
            wanted.push(format!("(u.used_at IS NULL OR u.used_at < {at})"));
        }
        if let Some(person) = &self.filter.made_by {
            // As the index has it. No id has a control character, which PostgreSQL may reject.
            let person: String = person.chars().filter(|char| !char.is_control()).collect();
            wanted.push(format!("k.made_by = {}", parameters.text(person)));
        }
        for word in &self.words {
            let pattern = parameters.text(pattern(word));
            wanted.push(format!("k.folded LIKE {pattern} ESCAPE '\\'"));
        }
        let most = parameters.number(self.most);
        let statement = format!(
            "SELECT k.created_at, k.access_key FROM {source} WHERE {} ORDER BY {order}k.created_at, k.access_key LIMIT {most}",
            wanted.join(" AND ")
        );
        (statement, parameters)
    }
}

impl Vault {
    /// Lists keys of all accounts, or of one, the oldest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `after`; [`Error::NotFound`] for an owner that does not exist.
    pub async fn list_all_keys(
        &self,
        filter: KeyFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<KeyRecord>> {
        let now = self.now();
        let after = after.map(Place::read).transpose()?.unwrap_or_default();
        let key = key_of(&after)?;
        let owner = match &filter.owner {
            None => None,
            Some(named) => {
                let find =
                    async |connection: &mut AnyConnection| managed::id_of(connection, named).await;
                Some(self.readers().read(find).await?)
            }
        };
        // Without its lease, a node may lack changes that others have acknowledged.
        let in_memory = filter.is_in_memory() && !self.0.database.lease.is_over();
        let places = if in_memory {
            let wanted = Wanted {
                owner,
                status: filter.status,
                expires_before: filter.expires_before,
                after: (after.created_at, key),
            };
            self.places_in_memory(wanted, now, limit + 1).await?
        } else {
            let search = Search {
                words: words(filter.search.as_deref().unwrap_or_default()),
                filter: &filter,
                owner,
                now,
                after,
                most: i64::try_from(limit + 1).unwrap_or(i64::MAX),
            };
            self.places(&search).await?
        };
        let Page { data, next } = Page::new(places, limit, Place::cursor);
        // A key that is deleted meanwhile is missing, and the next page goes on behind its place.
        let data = self.records(&data, now).await?;
        Ok(Page { data, next })
    }

    /// Returns the first places of a list in memory. It looks at every key, so not among the tasks.
    async fn places_in_memory(&self, wanted: Wanted, now: i64, most: usize) -> Result<Vec<Place>> {
        let vault = self.clone();
        let first = move || vault.0.directory.first(&wanted, now, most);
        let first = tokio::task::spawn_blocking(first).await;
        let first = first.map_err(|error| Error::Unavailable(error.to_string()))?;
        let places = first.into_iter();
        Ok(places
            .map(|(created_at, key)| Place::of(created_at, &key.to_string()))
            .collect())
    }

    /// Returns the first places of a list from the database.
    async fn places(&self, search: &Search<'_>) -> Result<Vec<Place>> {
        if search.words.is_empty() || search.owner.is_some() {
            return self.found(search.statement(None, true)).await;
        }
        let until: Option<(i64, String)> = sqlx::query_as(
            "SELECT created_at, access_key FROM api_keys WHERE (created_at, access_key) > ($1, $2)
             ORDER BY created_at, access_key LIMIT 1 OFFSET $3",
        )
        .bind(search.after.created_at)
        .bind(&search.after.id)
        .bind(NEAR)
        .fetch_optional(&self.readers())
        .await?;
        let until = until.map(|(created_at, key)| Place::of(created_at, &key));
        let near = self.found(search.statement(until.as_ref(), true)).await?;
        let is_full = i64::try_from(near.len()).is_ok_and(|found| found >= search.most);
        if is_full || until.is_none() {
            return Ok(near);
        }
        self.found(search.statement(None, false)).await
    }

    async fn found(&self, (statement, parameters): (String, Parameters)) -> Result<Vec<Place>> {
        let query = sqlx::query_as::<_, (i64, String)>(AssertSqlSafe(statement));
        let rows = parameters.bind(query).fetch_all(&self.readers()).await?;
        let places = rows.into_iter();
        Ok(places
            .map(|(created_at, key)| Place::of(created_at, &key))
            .collect())
    }

    /// Returns the keys at these places that still exist.
    async fn records(&self, places: &[Place], now: i64) -> Result<Vec<KeyRecord>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let mut parameters = Parameters::default();
        let keys = parameters.texts(places.iter().map(|place| place.id.as_str()));
        let statement =
            format!("{SELECT} WHERE k.access_key IN ({keys}) ORDER BY k.created_at, k.access_key");
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(statement));
        let rows = parameters.bind(query).fetch_all(&self.readers()).await?;
        Ok(rows.into_iter().map(|row| row.record(now)).collect())
    }
}

/// Returns the key of a place; none before every key.
fn key_of(place: &Place) -> Result<Option<AccessKey>> {
    if place.id.is_empty() {
        return Ok(None);
    }
    let wrong = |_| FieldErrors::one("after", "This is not a cursor of this list.");
    Ok(Some(place.id.parse().map_err(wrong)?))
}

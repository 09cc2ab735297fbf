//! Queries behind the pages of keys: the table, and one key with its use and history.

mod deletion;
mod history;
mod list;
pub(crate) mod matching;

use shared::status::Status;
use shared::token::AccessKey;
use shared::usage::{KEY_DAYS, Sparkline};
use shared::view::{KeyDetail, KeyView};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::accounts::people;
use crate::error::{Error, Result};
use crate::keys::preview::offers;
use crate::storage::audit;
use crate::storage::version;
use crate::time::format::moment;
use crate::usage::{self, FAILING, FailingRow};
use crate::vault::Vault;

pub(super) use self::history::ExpiredByRow;

/// The columns of [`ROW`].
#[derive(FromRow)]
pub(super) struct Row {
    pub access_key: String,
    pub name: String,
    pub description: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub used_at: Option<i64>,
}

/// The columns of [`ROW`], [`FAILING`] and [`audit::expired_by`].
#[derive(FromRow)]
struct WatchedRow {
    #[sqlx(flatten)]
    key: Row,
    #[sqlx(flatten)]
    failing: FailingRow,
    #[sqlx(flatten)]
    expired_by: ExpiredByRow,
    made_by: String,
}

pub(super) const ROW: &str =
    "k.access_key, k.name, k.description, k.created_at, k.expires_at, u.used_at";

/// The source of a [`Row`].
pub(super) const KEYS: &str = "api_keys k LEFT JOIN last_uses u ON u.access_key = k.access_key";

pub(super) fn view(row: Row, account: &Account, now: i64) -> KeyView {
    KeyView {
        version: version::of_key(&row.name, &row.description, row.expires_at, now),
        access_key: row.access_key,
        name: row.name,
        description: row.description,
        status: Status::at(row.expires_at, now, account.window()),
        created: moment(row.created_at, account.time_zone),
        expires: row.expires_at.map(|at| moment(at, account.time_zone)),
        used: row.used_at.map(|at| moment(at, account.time_zone)),
        calls: Sparkline::default(),
        offers: Vec::new(),
    }
}

impl Vault {
    /// Returns one key with its use and its history.
    ///
    /// # Errors
    /// [`Error::NotFound`], for a key of another account too.
    pub async fn show_key(&self, account: &Account, access_key: &str) -> Result<KeyDetail> {
        let access_key: AccessKey = access_key.parse().map_err(|_| Error::NotFound)?;
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let label = people::label("k.account_id", "k.made_by");
        let expired_by = audit::expired_by("$1", "k.expires_at");
        let statement = format!(
            "SELECT {ROW}, {FAILING}, {expired_by}, COALESCE({label}, k.made_by, '') AS made_by
             FROM {KEYS} WHERE k.account_id = $1 AND k.access_key = $3"
        );
        let row: Option<WatchedRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(usage::still(now))
            .bind(access_key.to_string())
            .fetch_optional(&self.readers())
            .await?;
        let WatchedRow {
            key,
            failing,
            expired_by,
            made_by,
        } = row.ok_or(Error::NotFound)?;
        let (key, failing) = (view(key, account, now), failing.view(account.time_zone));
        let of_key = Some(key.access_key.as_str());
        let calls = self.calls(account, of_key, KEY_DAYS, now).await?;
        let callers = self.callers(account, &key.access_key).await?;
        let texts = (key.name.as_str(), key.description.as_str());
        let history = self.history(account, &key.access_key, texts).await?;
        let offers = offers(key.expires_at(), account, now);
        Ok(KeyDetail {
            now,
            window: account.window(),
            time_zone: account.time_zone.label(now),
            key,
            made_by,
            offers,
            expired_by: expired_by.sentence(),
            failing,
            calls,
            callers,
            history,
        })
    }
}

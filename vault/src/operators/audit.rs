//! The audit trail, as the company's operators read it.

use std::collections::BTreeSet;

use shared::validation::FieldErrors;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::record::{AuditRecord, Page};
use crate::accounts::{managed, people};
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::audit::{Action, Maker};
use crate::storage::parameters::Parameters;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// The most accounts that one id of the company names in the trail, those with the latest entries.
const FORMER: i64 = 20;

/// Which entries a list shows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The id of an account, of a deleted one too, or `ext:` and an external id: of all accounts that have or had it.
    pub account: Option<String>,
    /// A kind of actor, the id of a token, or the company's own id of a person.
    pub actor: Option<String>,
    /// An action, as `key.expired`.
    pub action: Option<String>,
    /// From this instant on, UTC epoch milliseconds.
    pub since: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    account_id: String,
    external_id: String,
    action: String,
    subject: String,
    detail: String,
    actor_kind: String,
    actor_id: String,
    actor_label: Option<String>,
    request_id: String,
    address: String,
}

impl From<Row> for AuditRecord {
    fn from(row: Row) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            id: row.id,
            at: rfc3339(row.at),
            account_id: given(row.account_id),
            external_id: given(row.external_id),
            action: row.action,
            subject: given(row.subject),
            detail: row.detail,
            actor_kind: row.actor_kind,
            actor_id: given(row.actor_id),
            actor_label: row.actor_label,
            request_id: given(row.request_id),
            address: given(row.address),
        }
    }
}

/// What a list of entries asks for, but for the account.
struct Wanted {
    /// The number of the last entry before those that are asked for.
    after: i64,
    actor: Option<String>,
    action: Option<Action>,
    /// UTC epoch milliseconds.
    since: Option<i64>,
}

impl Wanted {
    /// Returns the statement for the first entries, of one account or of all, and its parameters.
    fn statement(&self, account: Option<&str>, most: usize) -> (String, Parameters) {
        let mut parameters = Parameters::default();
        let mut wanted = vec![format!("id > {}", parameters.number(self.after))];
        // An account has fewer entries than an action, and an action fewer than a kind of actor. An expression keeps the
        // database from the index of the larger one.
        let (kind, action) = match (account, self.action) {
            (Some(_), _) => ("actor_kind || ''", "action || ''"),
            (None, Some(_)) => ("actor_kind || ''", "action"),
            (None, None) => ("actor_kind", "action"),
        };
        if let Some(account) = account {
            wanted.push(format!("account_id = {}", parameters.text(account)));
        }
        if let Some(actor) = &self.actor {
            if Maker::KINDS.contains(&&**actor) {
                wanted.push(format!("{kind} = {}", parameters.text(actor)));
                if actor != "account" {
                    // As the index has it.
                    wanted.push("actor_kind <> 'account'".to_owned());
                }
            } else {
                // As the index has it.
                wanted.push("actor_id <> ''".to_owned());
                wanted.push(format!("actor_id = {}", parameters.text(actor)));
            }
        }
        if let Some(slug) = self.action.map(Action::slug) {
            wanted.push(format!("{action} = {}", parameters.text(slug)));
        }
        if let Some(since) = self.since {
            // The number says where to begin; the index of instants would not keep the order.
            wanted.push(format!("at + 0 >= {}", parameters.number(since)));
        }
        let most = parameters.number(i64::try_from(most).unwrap_or(i64::MAX));
        let label = people::label("audit.account_id", "audit.actor_id");
        let statement = format!(
            "SELECT id, at, account_id, external_id, action, subject, detail, actor_kind, actor_id, request_id, address,
                    CASE WHEN actor_kind = 'portal' THEN {label} END AS actor_label
             FROM audit WHERE {} ORDER BY id LIMIT {most}",
            wanted.join(" AND ")
        );
        (statement, parameters)
    }
}

impl Vault {
    /// Lists entries of the audit trail in the order of their writing. The cursor of the last one, `after`, finds those
    /// that come later.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `after`, `action`; [`Error::NotFound`] for an account that never was.
    pub async fn audit_trail(
        &self,
        filter: AuditFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<AuditRecord>> {
        let wrong = || FieldErrors::one("after", "This is not a cursor of this list.");
        let mut wanted = Wanted {
            after: after.map_or(Ok(0), |after| after.parse().map_err(|_| wrong()))?,
            // No id and no kind has a control character, which PostgreSQL may reject.
            actor: filter
                .actor
                .map(|actor| actor.chars().filter(|char| !char.is_control()).collect()),
            action: match filter.action {
                None => None,
                Some(slug) => Some(
                    Action::from_slug(&slug)
                        .ok_or_else(|| FieldErrors::one("action", "There is no such action."))?,
                ),
            },
            since: filter.since,
        };
        let accounts = match filter.account {
            None => vec![None],
            Some(named) => {
                let ids = self.accounts_of_trail(&named).await?;
                ids.into_iter().map(Some).collect()
            }
        };
        if let Some(since) = wanted.since {
            // Ids rise with the instants, so the first entry says where to begin.
            let first: Option<(i64,)> =
                sqlx::query_as("SELECT id FROM audit WHERE at >= $1 ORDER BY at, id LIMIT 1")
                    .bind(since)
                    .fetch_optional(&self.readers())
                    .await?;
            let first = first.map_or(i64::MAX, |(first,)| first - 1);
            wanted.after = wanted.after.max(first);
        }
        // Each account by itself, because an index has the entries of one in their order.
        let mut rows: Vec<Row> = Vec::new();
        for account in accounts {
            let (statement, parameters) = wanted.statement(account.as_deref(), limit + 1);
            let query = sqlx::query_as(AssertSqlSafe(statement));
            rows.extend(parameters.bind(query).fetch_all(&self.readers()).await?);
        }
        rows.sort_unstable_by_key(|row| row.id);
        rows.truncate(limit + 1);
        Ok(Page::new(rows, limit, |row| row.id.to_string()).map(AuditRecord::from))
    }

    /// Returns the ids of the accounts that a filter names. The trail outlives an account: an id of the company names the
    /// accounts that had it too.
    async fn accounts_of_trail(&self, named: &str) -> Result<Vec<String>> {
        let find = async |connection: &mut AnyConnection| {
            let present = match managed::id_of(connection, named).await {
                Err(Error::NotFound) => None,
                found => Some(found?),
            };
            let Some(external_id) = named.strip_prefix("ext:") else {
                // An id of the company without `ext:` would name no account, and an empty trail would pass for its own.
                let id = named.strip_prefix("acc_").filter(|id| id.len() == 32);
                if present.is_none() && !id.is_some_and(random::is_id) {
                    let message = "Name an account by its id, acc_ and 32 hex digits, or by ext: and your own id.";
                    return Err(FieldErrors::one("account", message).into());
                }
                return Ok(vec![present.unwrap_or_else(|| named.to_owned())]);
            };
            // No id has a control character, which PostgreSQL may reject.
            let external_id: String = external_id
                .chars()
                .filter(|char| !char.is_control())
                .collect();
            let rows: Vec<(String,)> = sqlx::query_as(
                "SELECT account_id FROM audit WHERE external_id = $1 AND external_id <> '' GROUP BY account_id
                 ORDER BY MAX(id) DESC LIMIT $2",
            )
            .bind(external_id)
            .bind(FORMER)
            .fetch_all(connection)
            .await?;
            let former = rows.into_iter().map(|(id,)| id);
            let all: BTreeSet<String> = present.into_iter().chain(former).collect();
            Ok(all.into_iter().collect::<Vec<_>>())
        };
        let ids = self.readers().read(find).await?;
        if ids.is_empty() {
            return Err(Error::NotFound);
        }
        Ok(ids)
    }
}

//! The audit trail, as the company's operators read it.

use shared::validation::FieldErrors;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::record::{AuditRecord, Page};
use crate::accounts::managed;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::audit::Action;
use crate::storage::parameters::Parameters;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// Which entries a list shows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The id of an account, of a deleted one too, or `ext:` and an external id.
    pub account: Option<String>,
    /// A kind of actor, or the id of a token.
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
    action: String,
    subject: String,
    detail: String,
    actor_kind: String,
    actor_id: String,
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
            action: row.action,
            subject: given(row.subject),
            detail: row.detail,
            actor_kind: row.actor_kind,
            actor_id: given(row.actor_id),
            request_id: given(row.request_id),
            address: given(row.address),
        }
    }
}

impl Vault {
    /// Lists entries of the audit trail in the order of their writing. The cursor of the last one, `after`, finds those
    /// that come later.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `after`, `action`.
    pub async fn audit_trail(
        &self,
        filter: AuditFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<AuditRecord>> {
        let mut parameters = Parameters::default();
        let wrong = || FieldErrors::one("after", "This is not a cursor of this list.");
        let after: i64 = after.map_or(Ok(0), |after| after.parse().map_err(|_| wrong()))?;
        let mut wanted = vec![format!("id > {}", parameters.number(after))];
        if let Some(named) = filter.account {
            let find =
                async |connection: &mut AnyConnection| managed::id_of(connection, &named).await;
            let id = match self.readers().read(find).await {
                // The trail outlives the account.
                Err(Error::NotFound) if random::is_id(&named) => named,
                found => found?,
            };
            wanted.push(format!("account_id = {}", parameters.text(id)));
        }
        if let Some(actor) = filter.actor {
            let column = if actor.starts_with("tok_") {
                "actor_id"
            } else {
                "actor_kind"
            };
            // No id and no kind has a control character, which PostgreSQL may reject.
            let actor: String = actor.chars().filter(|char| !char.is_control()).collect();
            wanted.push(format!("{column} = {}", parameters.text(actor)));
            if column == "actor_id" {
                // As the index has it.
                wanted.push("actor_id <> ''".to_owned());
            }
        }
        if let Some(slug) = filter.action {
            let action = Action::from_slug(&slug)
                .ok_or_else(|| FieldErrors::one("action", "There is no such action."))?;
            wanted.push(format!("action = {}", parameters.text(action.slug())));
        }
        if let Some(since) = filter.since {
            // Ids rise with the instants, so the first entry says where to begin.
            let first: Option<(i64,)> =
                sqlx::query_as("SELECT id FROM audit WHERE at >= $1 ORDER BY at, id LIMIT 1")
                    .bind(since)
                    .fetch_optional(&self.readers())
                    .await?;
            let Some((first,)) = first else {
                return Ok(Page::new(Vec::new(), limit, |_: &AuditRecord| {
                    String::new()
                }));
            };
            wanted.push(format!("id >= {}", parameters.number(first)));
            wanted.push(format!("at >= {}", parameters.number(since)));
        }
        let most = parameters.number(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let statement = format!(
            "SELECT id, at, account_id, action, subject, detail, actor_kind, actor_id, request_id, address
             FROM audit WHERE {} ORDER BY id LIMIT {most}",
            wanted.join(" AND ")
        );
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(statement));
        let rows = parameters.bind(query).fetch_all(&self.readers()).await?;
        Ok(Page::new(rows, limit, |row| row.id.to_string()).map(AuditRecord::from))
    }
}

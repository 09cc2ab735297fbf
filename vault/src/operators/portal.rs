//! Portal sessions, as the company's app makes, reads and ends them.

use shared::capability::{Capabilities, Capability};
use shared::validation::FieldErrors;
use sqlx::{AnyConnection, FromRow};

use super::once::{Made, Once};
use super::record::{ActorRecord, PortalRecord, PortalStatus};
use super::token::Operator;
use crate::accounts::account;
use crate::accounts::managed::{self, Checked, ManagedFields, Setting, external_id, line};
use crate::accounts::portal::{self, NewPortal};
use crate::accounts::sessions::Person;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// The shortest and the longest session, and the usual one, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 300..=86_400;
const DEFAULT_SECONDS: i64 = 3_600;
/// The most characters of an actor's label.
const LABEL_MAX: usize = 200;

/// What the company's app asks for. None takes the default.
#[derive(Clone, Debug, Default)]
pub struct PortalFields {
    /// With its external id. It is created, or changed where a field is given.
    pub account: ManagedFields,
    /// External id and label.
    pub actor: Option<(String, String)>,
    /// Slugs.
    pub capabilities: Option<Vec<String>>,
    pub session_seconds: Option<i64>,
    /// Checked: a path on this server, by default the first that the session may see, and an address of one of the company's
    /// hosts.
    pub page: Option<String>,
    pub return_url: Option<String>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct CheckedPortal {
    account: Checked,
    new: NewPortal,
}

impl PortalFields {
    /// Checks all fields at once. `errors` are those that were found before.
    ///
    /// # Errors
    /// [`Error::Invalid`], by the pointers to the fields without the first slash.
    pub fn check(self, mut errors: FieldErrors) -> Result<CheckedPortal> {
        if !matches!(self.account.external_id, Setting::Set(_)) {
            errors.add("account/external_id", "Name the account by your own id.");
        }
        let account = match self.account.check() {
            Ok(account) => account,
            Err(Error::Invalid(found)) => {
                for (field, message) in found.0 {
                    errors.add(&format!("account/{field}"), message);
                }
                Checked::default()
            }
            Err(error) => return Err(error),
        };
        let person = self.actor.and_then(|(id, label)| {
            let id = errors.check("actor/external_id", external_id(&id));
            let label = errors.check("actor/label", actor_label(&label));
            Some(Person {
                external_id: id?,
                label: label?,
            })
        });
        let capabilities = match self.capabilities {
            None => Capabilities::all(),
            Some(slugs) => capabilities(&slugs, &mut errors),
        };
        let seconds = self.session_seconds.unwrap_or(DEFAULT_SECONDS);
        if !SECONDS.contains(&seconds) {
            let (least, most) = (SECONDS.start(), SECONDS.end());
            let message = format!("A session lasts from {least} to {most} seconds.");
            errors.add("session_seconds", message);
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        Ok(CheckedPortal {
            account,
            new: NewPortal {
                person,
                capabilities,
                seconds,
                page: self.page.unwrap_or_else(|| capabilities.home().to_owned()),
                return_url: self.return_url,
            },
        })
    }
}

fn actor_label(label: &str) -> Result<String, String> {
    match line(label, LABEL_MAX) {
        Ok(label) if label.is_empty() => Err("Give the person a label, as a name.".to_owned()),
        label => label,
    }
}

fn capabilities(slugs: &[String], errors: &mut FieldErrors) -> Capabilities {
    if slugs.is_empty() {
        let message = "Name at least one capability, or leave the list out for all.";
        errors.add("capabilities", message);
    }
    let mut known = Vec::new();
    for (place, slug) in slugs.iter().enumerate() {
        let all = || {
            format!(
                "One of {}.",
                Capability::ALL.map(Capability::slug).join(", ")
            )
        };
        let capability = slug.parse::<Capability>().map_err(|()| all());
        known.extend(errors.check(&format!("capabilities/{place}"), capability));
    }
    known.into_iter().collect()
}

#[derive(FromRow)]
struct Row {
    id: String,
    account_id: String,
    external_id: Option<String>,
    actor_external_id: Option<String>,
    actor_label: Option<String>,
    capabilities: String,
    page: String,
    return_url: Option<String>,
    created_at: i64,
    code_expires_at: i64,
    expires_at: i64,
    redeemed_at: Option<i64>,
    ended_at: Option<i64>,
    /// Whether its session is there.
    open: i64,
}

impl Row {
    fn status(&self, now: i64) -> PortalStatus {
        if self.ended_at.is_some() {
            return PortalStatus::Ended;
        }
        let over = match self.redeemed_at {
            Some(_) => self.expires_at,
            None => self.code_expires_at,
        };
        match self.redeemed_at {
            _ if now >= over => PortalStatus::Expired,
            None => PortalStatus::Waiting,
            Some(_) if self.open > 0 => PortalStatus::Active,
            // Its owner has ended it, or has more sessions than may be.
            Some(_) => PortalStatus::Ended,
        }
    }

    fn record(self, now: i64) -> PortalRecord {
        let status = self.status(now);
        let person = portal::person(self.actor_external_id, self.actor_label);
        PortalRecord {
            id: self.id,
            account_id: self.account_id,
            external_id: self.external_id,
            actor: person.map(|person| ActorRecord {
                external_id: person.external_id,
                label: person.label,
            }),
            capabilities: Capabilities::stored(&self.capabilities)
                .iter()
                .map(|capability| capability.slug().to_owned())
                .collect(),
            page: self.page,
            return_url: self.return_url,
            status,
            created_at: rfc3339(self.created_at),
            code_expires_at: rfc3339(self.code_expires_at),
            expires_at: rfc3339(self.expires_at),
            redeemed_at: self.redeemed_at.map(rfc3339),
            ended_at: self.ended_at.map(rfc3339),
        }
    }
}

/// Creates the account that a link is for, or changes it where a field is given. Returns its id.
async fn upsert(tx: &mut Tx, fields: &Checked) -> Result<String> {
    let known = match fields.external_id() {
        Some(id) => managed::id_of(tx.connection(), &format!("ext:{id}")).await,
        None => Err(Error::NotFound),
    };
    match known {
        Ok(id) => {
            let account = account::find(tx.connection(), &id).await?;
            let (after, changed) = managed::update(tx, account, fields).await?;
            if !changed.is_empty() {
                let detail = changed.join(", ");
                let entry = Entry::of_account(&id, Action::AccountEdited, &detail);
                tx.audit(entry.named(after.external_id.as_deref())).await?;
                after.publish(tx);
            }
            Ok(id)
        }
        Err(Error::NotFound) => {
            let account = managed::insert(tx, fields).await?;
            let detail = account.external_id.as_deref().unwrap_or_default();
            let entry = Entry::of_account(&account.id, Action::AccountCreated, detail);
            tx.audit(entry.named(account.external_id.as_deref()))
                .await?;
            account.publish(tx);
            Ok(account.id)
        }
        Err(error) => Err(error),
    }
}

impl Vault {
    /// Makes a link that opens the pages of an account once. The answer shows it.
    ///
    /// # Errors
    /// [`Error::Reused`], [`Error::Running`].
    pub async fn create_portal_session(
        &self,
        operator: &Operator,
        checked: CheckedPortal,
        once: Option<Once>,
    ) -> Result<Made> {
        let (vault, token) = (self.clone(), operator.id.clone());
        let made = self.manage(operator, once, move |tx, bits| {
            Box::pin(async move {
                let account = upsert(tx, &checked.account).await?;
                let owners = (account.as_str(), token.as_str());
                let added = portal::insert(&vault, tx, owners, &bits.bits, &checked.new).await?;
                let body = serde_json::json!({
                    "id": added.id,
                    "code_expires_at": rfc3339(added.code_expires_at),
                    "expires_at": rfc3339(added.expires_at),
                });
                Ok(Made {
                    bits: Some(bits.bits),
                    account: Some(account),
                    ..Made::new(201, body)
                })
            })
        });
        let base = &self.0.base_url;
        let address = |bits| format!("{base}/enter?code={}", portal::code(bits));
        Ok(made.await?.with_secret("url", address))
    }

    /// Returns a portal session.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn portal_session(&self, id: &str) -> Result<PortalRecord> {
        if !random::is_id(id) {
            return Err(Error::NotFound);
        }
        let now = self.now();
        let read = async |connection: &mut AnyConnection| {
            let row: Option<Row> = sqlx::query_as(
                "SELECT p.id, p.account_id, a.external_id, p.actor_external_id, p.actor_label, p.capabilities, p.page,
                        p.return_url, p.created_at, p.code_expires_at, p.expires_at, p.redeemed_at, p.ended_at,
                        (SELECT COUNT(*) FROM sessions s WHERE s.portal_id = p.id) AS open
                 FROM portal_sessions p JOIN accounts a ON a.id = p.account_id WHERE p.id = $1",
            )
            .bind(id)
            .fetch_optional(connection)
            .await?;
            row.map(|row| row.record(now)).ok_or(Error::NotFound)
        };
        self.readers().read(read).await
    }

    /// Ends a portal session at once: its session, or its link. One that is over already is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn end_portal_session(&self, operator: &Operator, id: &str) -> Result<()> {
        if !random::is_id(id) {
            return Err(Error::NotFound);
        }
        let id = id.to_owned();
        self.write(operator.clone(), move |tx| {
            Box::pin(async move { portal::end_by_operator(tx, &id).await })
        })
        .await
    }
}

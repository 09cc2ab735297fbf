//! Accounts: sign-up with the default key, preferences.

use shared::mail::MailKind;
use shared::validation::{self, DEFAULT_WARNING_DAYS, FieldErrors};
use shared::version::of_preferences;
use shared::view::AccountView;
use sqlx::AnyConnection;

use crate::accounts::devices;
use crate::accounts::email_links;
use crate::accounts::sessions::{self, Member, Session, SessionToken};
use crate::caller::Caller;
use crate::crypto::passwords;
use crate::crypto::passwords::Turn;
use crate::crypto::pepper::Pepper;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::keys::create::{NewKey, insert_key};
use crate::limits::Limit;
use crate::limits::backoff::Subject;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::storage::version::{self, Conflict};
use crate::text;
use crate::time::zones::Zone;
use crate::vault::Vault;

/// The name of the key that is made with every account.
const DEFAULT_KEY: &str = "Default key";

/// An account as its sessions know it.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub email: String,
    pub time_zone: Zone,
    pub warning_days: i64,
}

impl Account {
    pub fn view(&self) -> AccountView {
        AccountView {
            email: self.email.clone(),
            time_zone: self.time_zone.name().to_owned(),
            warning_days: self.warning_days,
        }
    }

    /// Makes verification know the account once `tx` is committed.
    fn publish(&self, tx: &mut Tx) {
        tx.publish(Publication::Account {
            id: self.id.clone(),
            warning_days: self.warning_days,
        });
    }

    /// The warning window in milliseconds.
    pub(crate) fn window(&self) -> i64 {
        self.warning_days * shared::DAY_MS
    }
}

/// An account as the database holds it.
pub(crate) struct AccountRow {
    pub id: String,
    pub email: String,
    pub time_zone: String,
    pub warning_days: i64,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let time_zone = Zone::stored(&row.time_zone);
        Self {
            id: row.id,
            email: row.email,
            time_zone,
            warning_days: row.warning_days,
        }
    }
}

/// What a sign-up gives.
pub struct SignedUp {
    pub session: SessionToken,
    /// The default key, with its secret.
    pub key: NewKey,
}

fn time_zone(text: &str) -> Result<Zone, String> {
    text.trim().parse().map_err(|_| {
        "Enter a time zone by its IANA name, such as Europe/Berlin or America/New_York.".to_owned()
    })
}

pub(crate) fn new_password(text: &str) -> Result<(), String> {
    validation::new_password(text)?;
    if passwords::is_common(text) {
        return Err("This is one of the most common passwords. Choose another.".to_owned());
    }
    Ok(())
}

/// Adds an account with its default key to a transaction, with their audit entries and publications.
///
/// # Errors
/// [`Error::SignUpRefused`] if the address has an account already.
pub(crate) async fn insert_account(
    pepper: &Pepper,
    tx: &mut Tx,
    (email, password_hash, zone): (&str, &str, Zone),
) -> Result<(Account, NewKey)> {
    let account = Account {
        id: random::id("acc_")?,
        email: email.to_owned(),
        time_zone: zone,
        warning_days: DEFAULT_WARNING_DAYS,
    };
    let inserted = sqlx::query(
        "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&account.id)
    .bind(&account.email)
    .bind(password_hash)
    .bind(zone.name())
    .bind(account.warning_days)
    .bind(tx.now())
    .execute(tx.connection())
    .await;
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(Error::SignUpRefused);
        }
        other => other?,
    };
    tx.audit(Entry::of_account(&account.id, Action::SignedUp, ""))
        .await?;
    account.publish(tx);
    let key = insert_key(pepper, tx, &account, (DEFAULT_KEY, "", None)).await?;
    Ok((account, key))
}

/// # Errors
/// [`Error::Quota`] if the instance has as many accounts as it may.
async fn room_for_an_account(vault: &Vault, connection: &mut AnyConnection) -> Result<()> {
    let most = vault.0.limits.settings.accounts;
    if most == 0 {
        return Ok(());
    }
    let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM accounts")
        .fetch_one(connection)
        .await?;
    vault.0.limits.one_more(Limit::Accounts, count, most)
}

/// Refuses preferences that were begun on others than are stored.
async fn check_preferences(
    connection: &mut AnyConnection,
    typed: &Account,
    begun_on: &str,
) -> Result<()> {
    let (zone, days): (String, i64) =
        sqlx::query_as("SELECT time_zone, warning_days FROM accounts WHERE id = $1")
            .bind(&typed.id)
            .fetch_one(connection)
            .await?;
    let stored = of_preferences(&zone, days);
    version::check(begun_on, &stored, || {
        let message = "Your preferences were changed elsewhere, and nothing was saved. What is stored now stands at \
                       each field. Save again to replace it with what you typed.";
        let mut conflict = Conflict::new(message, stored.clone());
        if zone != typed.time_zone.name() {
            conflict
                .fields
                .add("time_zone", format!("Stored now: {zone}"));
        }
        if days != typed.warning_days {
            conflict
                .fields
                .add("warning_days", format!("Stored now: {days}"));
        }
        conflict
    })
}

impl Vault {
    /// Makes an account with its default key, signs in, and sends a link that confirms the address. The
    /// account works meanwhile.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `email`, `password`, `time_zone`; [`Error::SignUpRefused`] for an address that
    /// has an account already, after the same time as for one that has not.
    pub async fn sign_up(
        &self,
        email: &str,
        password: &str,
        zone: &str,
        caller: &Caller,
    ) -> Result<SignedUp> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", text::email(email));
        errors.check("password", new_password(password));
        let zone = errors.check("time_zone", time_zone(zone));
        let (Some(email), Some(zone), true) = (email, zone, errors.is_empty()) else {
            return Err(errors.into());
        };
        let subjects = caller.address.map(Subject::network).into_iter().collect();
        let attempt = self.0.limits.password(subjects)?;
        let place = self.place_to_hash(Turn::Later, caller)?;
        self.0.limits.sign_up(caller.address)?;
        let password_hash = self.0.passwords.hash(place, password).await?;
        // Whoever makes many accounts makes none of them write to strangers: the link can be asked for later.
        let subjects = Subject::mail(MailKind::ConfirmAddress, &email, caller.address);
        let may_write = self.0.limits.mail(subjects).is_ok();
        let (vault, device) = (self.clone(), caller.device.clone());
        let signed_up = self
            .write(caller.clone(), move |tx| {
                Box::pin(async move {
                    room_for_an_account(&vault, tx.connection()).await?;
                    let pepper = &vault.0.pepper;
                    let fields = (email.as_str(), password_hash.as_str(), zone);
                    let (account, key) = insert_account(pepper, tx, fields).await?;
                    if may_write {
                        email_links::put(tx, &account.id, MailKind::ConfirmAddress, &email).await?;
                    }
                    let session = sessions::start(&vault, tx, &account.id).await?;
                    tx.audit(Entry::of_account(&account.id, Action::SignedIn, ""))
                        .await?;
                    let device = devices::issue(pepper, device.as_ref(), &email, &password_hash)?;
                    Ok(SignedUp {
                        session: session.on(device),
                        key,
                    })
                })
            })
            .await;
        match &signed_up {
            Ok(_) => attempt.succeeded(),
            // Asking which addresses have accounts is guessing too.
            Err(Error::SignUpRefused) => attempt.failed(),
            Err(_) => self.0.limits.take_back_sign_up(caller.address),
        }
        signed_up
    }

    /// Whether it is shown that the maker of the account reads mail at its address.
    pub(crate) async fn is_owned(&self, account: &str) -> Result<bool> {
        let (owned_at,): (Option<i64>,) =
            sqlx::query_as("SELECT owned_at FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_one(&self.0.database.readers)
                .await?;
        Ok(owned_at.is_some())
    }

    /// An account by its id, for what its keys ask.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn account(&self, id: &str) -> Result<Account> {
        let row: Option<(String, String, String, i64)> =
            sqlx::query_as("SELECT id, email, time_zone, warning_days FROM accounts WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.0.database.readers)
                .await?;
        let (id, email, time_zone, warning_days) = row.ok_or(Error::NotFound)?;
        Ok(AccountRow {
            id,
            email,
            time_zone,
            warning_days,
        }
        .into())
    }

    /// Saves time zone and warning window. `version` is what the form was begun on, by
    /// [`shared::version::of_preferences`]; empty: whatever is stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `time_zone`, `warning_days`; [`Error::Conflict`].
    pub async fn save_preferences(
        &self,
        session: &Session,
        zone: &str,
        warning_days: &str,
        version: &str,
        caller: &Caller,
    ) -> Result<Account> {
        let mut errors = FieldErrors::default();
        let zone = errors.check("time_zone", time_zone(zone));
        let warning_days = errors.check("warning_days", validation::warning_days(warning_days));
        let (Some(time_zone), Some(warning_days)) = (zone, warning_days) else {
            return Err(errors.into());
        };
        let account = Account {
            time_zone,
            warning_days,
            ..session.account.clone()
        };
        let begun_on = version.to_owned();
        self.write(Member::new(session, caller), move |tx| {
            Box::pin(async move {
                check_preferences(tx.connection(), &account, &begun_on).await?;
                sqlx::query("UPDATE accounts SET time_zone = $1, warning_days = $2 WHERE id = $3")
                    .bind(account.time_zone.name())
                    .bind(account.warning_days)
                    .bind(&account.id)
                    .execute(tx.connection())
                    .await?;
                tx.audit(Entry::of_account(
                    &account.id,
                    Action::PreferencesChanged,
                    "",
                ))
                .await?;
                account.publish(tx);
                Ok(account)
            })
        })
        .await
    }
}

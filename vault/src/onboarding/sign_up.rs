//! Sign-up: an account with its default key.

use shared::mail::MailKind;
use shared::validation::{DEFAULT_WARNING_DAYS, FieldErrors};
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::devices;
use crate::accounts::email_links;
use crate::accounts::first_steps::DEFAULT_KEY;
use crate::accounts::password::new_password;
use crate::accounts::sessions::{self, SessionToken};
use crate::accounts::table_layout::TableLayout;
use crate::caller::Caller;
use crate::crypto::passwords::Priority;
use crate::crypto::random;
use crate::error::{Error, Limit, Result};
use crate::keys::create::{NewKey, insert_key};
use crate::limits::backoff::Subject;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::text;
use crate::time::zones::{self, Zone};
use crate::vault::Vault;

/// A sign-up, as typed.
#[derive(Clone, Copy)]
pub struct SignUp<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub time_zone: &'a str,
}

/// The result of a sign-up.
pub struct SignedUp {
    pub session: SessionToken,
    /// The default key, with its secret.
    pub key: NewKey,
}

/// Adds an account with its default key to a transaction, with their audit entries and publications.
///
/// # Errors
/// [`Error::SignUpRefused`] if the address already has an account.
pub(crate) async fn insert_account(
    vault: &Vault,
    tx: &mut Tx,
    (email, password_hash, zone): (&str, &str, Zone),
) -> Result<(Account, NewKey)> {
    let account = Account {
        id: random::id("acc_")?,
        email: email.to_owned(),
        external_id: None,
        name: String::new(),
        suspended: None,
        time_zone: zone,
        warning_days: DEFAULT_WARNING_DAYS,
        table: TableLayout::default(),
    };
    account.insert(tx, password_hash).await?;
    tx.audit(Entry::of_account(&account.id, Action::SignedUp, ""))
        .await?;
    account.publish(tx);
    let key = insert_key(vault, tx, &account, (DEFAULT_KEY, "", None)).await?;
    Ok((account, key))
}

/// Checks that the instance may have one more account.
///
/// # Errors
/// [`Error::Quota`] if the instance has reached its limit of accounts.
async fn room_for_an_account(vault: &Vault, connection: &mut AnyConnection) -> Result<()> {
    let most = vault.0.limits.settings.accounts;
    if most == 0 {
        return Ok(());
    }
    let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM accounts WHERE password <> ''")
        .fetch_one(connection)
        .await?;
    vault.0.limits.one_more(Limit::Accounts, count, most)
}

impl Vault {
    /// Creates an account with its default key, signs in, and sends a link that confirms the address. The account works
    /// before it is confirmed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `email`, `password`, `time_zone`; [`Error::SignUpRefused`] for an address that already
    /// has an account, after the same time as for one without.
    pub async fn sign_up(&self, caller: &Caller, typed: SignUp<'_>) -> Result<SignedUp> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", text::email(typed.email));
        errors.check("password", new_password(typed.password));
        let zone = errors.check("time_zone", zones::choose(typed.time_zone));
        let (Some(email), Some(zone), true) = (email, zone, errors.is_empty()) else {
            return Err(errors.into());
        };
        let subjects = caller.address.map(Subject::network).into_iter().collect();
        let attempt = self.0.limits.password(subjects)?;
        let slot = self.reserve_hash(Priority::Low, caller)?;
        self.0.limits.sign_up(caller.address)?;
        let password_hash = self.0.passwords.hash(slot, typed.password).await?;
        // Mass sign-ups must not send mail to strangers; the link can be requested later.
        let subjects = Subject::mail(MailKind::ConfirmAddress, &email, caller.address);
        let may_write = self.0.limits.mail(subjects).is_ok();
        let (vault, from) = (self.clone(), caller.clone());
        let signed_up = self
            .write(caller.clone(), move |tx| {
                Box::pin(async move {
                    room_for_an_account(&vault, tx.connection()).await?;
                    let fields = (email.as_str(), password_hash.as_str(), zone);
                    let (account, key) = insert_account(&vault, tx, fields).await?;
                    if may_write {
                        email_links::put(tx, &account.id, MailKind::ConfirmAddress, &email).await?;
                    }
                    let session = sessions::start(&vault, tx, &account.id, &from).await?;
                    tx.audit(Entry::of_account(&account.id, Action::SignedIn, ""))
                        .await?;
                    let device = devices::issue(
                        &vault.0.pepper,
                        from.device.as_ref(),
                        &email,
                        &password_hash,
                    )?;
                    Ok(SignedUp {
                        session: session.on(device),
                        key,
                    })
                })
            })
            .await;
        match &signed_up {
            Ok(_) => attempt.succeeded(),
            // Probing which addresses have accounts counts as guessing.
            Err(Error::SignUpRefused) => attempt.failed(),
            Err(_) => self.0.limits.take_back_sign_up(caller.address),
        }
        signed_up
    }
}

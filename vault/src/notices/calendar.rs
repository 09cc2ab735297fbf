//! Calendar feed with the expirations of an account. Calendar programs have no session, so the URL itself grants
//! access: it reveals the keys' names, access keys and dates.
//!
//! The URL belongs to the account and not to the session that has seen it, so it outlives that session, and goes on while the
//! account is suspended. Only a session that may see keys gets it. Its owner replaces it on the page; resetting the password,
//! deleting the account, and an operator who ends every session of the account replace it too.
//!
//! It is bounded and generated in pieces: calendar programs poll every hour, and an account may have many keys.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component as _, Event, EventLike as _, Parameter, Property};
use shared::capability::Need;
use shared::status::is_good;

use crate::accounts::sessions::Session;
use crate::crypto::signed_token;
use crate::error::{Error, Result};
use crate::mail::{domain, one_line};
use crate::vault::Vault;

/// Interval at which a calendar program may poll (RFC 7986, section 5.7).
const REFRESH: &str = "PT1H";

/// Maximum number of upcoming expirations, the soonest first.
const UPCOMING: i64 = 1_000;
/// Maximum number of past expirations, the latest first.
const PAST: i64 = 200;
/// Events per piece: about 32 kB.
const PIECE: usize = 64;

/// A calendar in pieces, each generated on demand.
pub type Pieces = Box<dyn Iterator<Item = String> + Send>;

/// Returns the purpose of the token, which a new generation changes.
fn purpose(generation: i64) -> String {
    format!("calendar {generation}")
}

impl Vault {
    /// Returns the URL of the calendar feed of a session's account.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] to a session that may not see keys and notices.
    pub async fn calendar_url(&self, session: &Session) -> Result<String> {
        session.admit(Need::CALENDAR)?;
        let account = &session.account.id;
        let (generation,): (i64,) =
            sqlx::query_as("SELECT feed_generation FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_one(&self.readers())
                .await?;
        let token = signed_token::token(&self.0.pepper, &purpose(generation), account);
        Ok(format!("{}/calendar/{token}.ics", self.0.base_url))
    }

    /// Returns the calendar that the token in its URL opens, as text/calendar (RFC 5545): the next thousand expirations
    /// and the last two hundred, by date.
    ///
    /// # Errors
    /// [`Error::NotFound`] for every token but the account's current one.
    pub async fn calendar(&self, token: &str) -> Result<Pieces> {
        let claimed = signed_token::claimed_id(token).ok_or(Error::NotFound)?;
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT feed_generation FROM accounts WHERE id = $1")
                .bind(claimed)
                .fetch_optional(&self.readers())
                .await?;
        let (generation,) = row.ok_or(Error::NotFound)?;
        let account =
            signed_token::id(&self.0.pepper, &purpose(generation), token).ok_or(Error::NotFound)?;
        let _reading = self.reading(account).await?;
        let now = self.now();
        let mut keys = self.expirations(account, false, now).await?;
        keys.reverse();
        keys.extend(self.expirations(account, true, now).await?);
        let frame = frame(&self.0.brand.name).to_string();
        let head = frame.strip_suffix(END).unwrap_or(&frame).to_owned();
        let vault = self.clone();
        let mut events = keys.into_iter().map(move |(access_key, name, expires_at)| {
            let name = one_line(&name);
            event(&vault.0.base_url, &access_key, &name, expires_at, now).to_string()
        });
        let pieces = std::iter::from_fn(move || {
            let piece: String = events.by_ref().take(PIECE).collect();
            (!piece.is_empty()).then_some(piece)
        });
        let whole = std::iter::once(head)
            .chain(pieces)
            .chain(std::iter::once(END.to_owned()));
        Ok(Box::new(whole))
    }

    /// Returns an account's expirations: the upcoming ones, the soonest first, or the past ones, the latest first.
    async fn expirations(
        &self,
        account: &str,
        upcoming: bool,
        now: i64,
    ) -> Result<Vec<(String, String, i64)>> {
        let (statement, most) = if upcoming {
            (
                "SELECT access_key, name, expires_at FROM api_keys
                 WHERE account_id = $1 AND expires_at > $2 ORDER BY expires_at, access_key LIMIT $3",
                UPCOMING,
            )
        } else {
            (
                "SELECT access_key, name, expires_at FROM api_keys
                 WHERE account_id = $1 AND expires_at <= $2 ORDER BY expires_at DESC, access_key DESC LIMIT $3",
                PAST,
            )
        };
        let keys = sqlx::query_as(statement)
            .bind(account)
            .bind(now)
            .bind(most)
            .fetch_all(&self.readers())
            .await?;
        Ok(keys)
    }
}

/// The last line of a calendar.
const END: &str = "END:VCALENDAR\r\n";

/// The calendar without its events, under the name of the company.
fn frame(company: &str) -> Calendar {
    let product = format!("-//{company}//{company}//EN");
    let name = format!("{company} API keys");
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", product.as_str()),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("NAME", name.as_str()),
        ("X-WR-CALNAME", name.as_str()),
        ("X-PUBLISHED-TTL", REFRESH),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    calendar.append_property(
        Property::new("REFRESH-INTERVAL", REFRESH)
            .append_parameter(Parameter::new("VALUE", "DURATION"))
            .done(),
    );
    calendar
}

fn event(base_url: &str, access_key: &str, name: &str, expires_at: i64, now: i64) -> Event {
    let good = is_good(Some(expires_at), now);
    let page = format!("{base_url}/preferences/api-control/{access_key}");
    let (verb, what) = if good {
        ("expires", "Extend it")
    } else {
        ("expired", "Restore it")
    };
    Event::new()
        // Never changes, so that a changed date moves the event.
        .uid(&format!("{access_key}@{}", domain(base_url)))
        .timestamp(utc(now))
        .starts(utc(expires_at))
        .summary(&format!("API key {name} {verb}"))
        .description(&format!("Access key: {access_key}\n{what}: {page}"))
        .url(&page)
        // Does not block time in the calendar.
        .add_property("TRANSP", "TRANSPARENT")
        .done()
}

fn utc(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

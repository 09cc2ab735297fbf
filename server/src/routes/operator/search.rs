//! The start page and the search: accounts and keys that have a text, or the key that a pasted credential belongs to.
//!
//! A search is posted, so that a credential is in no address. One hit leads to its own page. A short text of plain characters
//! leads on to an address, which can be reloaded and shared; the hits of any other are the answer itself, also their next pages.

use axum::Extension;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use shared::pasted::{Pasted, fits_address, looks_secret, pasted_secret};
use vault::Error;
use vault::operators::accounts::AccountFilter;
use vault::operators::list_keys::KeyFilter;
use vault::operators::record::{AccountRecord, KeyRecord, Page};
use vault::operators::scope::Scope;
use vault::operators::search::FoundCredential;

use super::access::Visit;
use super::account::title;
use super::form::{Fields, Form, Query};
use super::frame::Refusal;
use super::parts::{fact, instant, list, note, pager, pill, suspended};

/// Hits on a page, of each kind.
const ON_PAGE: usize = 20;
/// The most characters of a search.
const LONGEST: usize = 200;

/// What is found.
struct Hits {
    /// None if the token may not read them.
    accounts: Option<Page<AccountRecord>>,
    keys: Option<Page<KeyRecord>>,
}

impl Hits {
    /// Finds the accounts and the keys that have a text; all of them for an empty one.
    async fn of(visit: &Visit, q: &str, fields: &Fields) -> Result<Self, Refusal> {
        let search = Some(q.to_owned()).filter(|q| !q.is_empty());
        let mut hits = Self {
            accounts: None,
            keys: None,
        };
        if visit.session.may(Scope::AccountsRead) {
            let filter = AccountFilter {
                search: search.clone(),
                standing: None,
            };
            let after = fields.some("accounts_after");
            let mut page = visit.vault.list_accounts(filter, ON_PAGE, after).await?;
            if after.is_none() {
                put_exact_first(visit, q, &mut page.data).await?;
            }
            hits.accounts = Some(page);
        }
        if visit.session.may(Scope::KeysRead) {
            let filter = KeyFilter {
                search,
                ..KeyFilter::default()
            };
            let after = fields.some("keys_after");
            hits.keys = Some(visit.vault.list_all_keys(filter, ON_PAGE, after).await?);
        }
        Ok(hits)
    }

    /// Returns the page of the only hit.
    fn only(&self) -> Option<String> {
        let accounts = self.accounts.as_ref().map_or(&[][..], |page| &page.data);
        let keys = self.keys.as_ref().map_or(&[][..], |page| &page.data);
        match (accounts, keys) {
            ([account], []) => Some(account_path(&account.id)),
            ([], [key]) => Some(key_path(&key.access_key)),
            _ => None,
        }
    }
}

/// The list is in the order of age, and a company's ids are often parts of others.
async fn put_exact_first(
    visit: &Visit,
    q: &str,
    found: &mut Vec<AccountRecord>,
) -> Result<(), Refusal> {
    match visit.vault.account_record(&format!("ext:{q}")).await {
        Ok(exact) => {
            found.retain(|account| account.id != exact.id);
            found.insert(0, exact);
            Ok(())
        }
        Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub fn account_path(id: &str) -> String {
    format!("/operator/accounts/{id}")
}

pub fn key_path(access_key: &str) -> String {
    format!("/operator/keys/{access_key}")
}

/// Returns a text to search for: without what no name, id or address has.
fn text(q: &str) -> String {
    let shown = q.chars().filter(|char| !char.is_control());
    shown.take(LONGEST).collect::<String>().trim().to_owned()
}

/// Shows the start page, or the hits of a search.
pub async fn home(Extension(visit): Extension<Visit>, Query(fields): Query) -> Response<Body> {
    let q = text(fields.get("q"));
    // `access` has led here from an address that was not made here.
    if fields.get("held") == "1" {
        let body = html! {
            h1 { "Search" }
            (note("warn", &html! {
                "The address that you opened held a credential. It was not searched for. Paste credentials into the field above."
            }))
        };
        return visit.page(StatusCode::OK, "Search", "", &body);
    }
    visit.answer(match Hits::of(&visit, &q, &fields).await {
        Ok(hits) => Ok(listed(&visit, &q, &fields, &hits)),
        Err(refusal) => Err(refusal),
    })
}

/// The page with the hits. It repeats a text that may be a secret only where it has found it.
fn listed(visit: &Visit, q: &str, fields: &Fields, hits: &Hits) -> Response<Body> {
    let heading = if q.is_empty() {
        "Accounts and keys"
    } else {
        "Search"
    };
    let sought = Sought {
        q,
        fields,
        in_address: fits_address(q, visit.vault.key_prefix()),
    };
    let none = [
        hits.accounts
            .as_ref()
            .is_none_or(|page| page.data.is_empty()),
        hits.keys.as_ref().is_none_or(|page| page.data.is_empty()),
    ];
    let is_found = none != [true, true];
    let body = html! {
        h1 { (heading) }
        @if hits.accounts.is_none() && hits.keys.is_none() {
            (note("warn", &html! {
                "This token may read neither accounts nor keys. It needs the scope " code { "accounts:read" }
                " or " code { "keys:read" } "."
            }))
        } @else if !is_found {
            @if q.is_empty() {
                p.muted { "There are no accounts yet. They come by sign-up, by a portal link or by the management API." }
            } @else {
                p {
                    @if sought.in_address { "Nothing has “" bdi { (q) } "” in an id, a name or an address." }
                    @else { "Nothing has that text in an id, a name or an address." }
                }
                p.muted {
                    @if looks_secret(q) { "If it is a part of a credential, paste all of it: characters may be missing." }
                    @else { "Search for a part of an external id, a name, an email address or an access key, or paste a credential." }
                }
            }
        } @else {
            @if let Some(page) = &hits.accounts { (accounts(page, &sought)) }
            @if let Some(page) = &hits.keys { (keys(page, &sought)) }
        }
    };
    let title = if q.is_empty() || !sought.in_address {
        heading.to_owned()
    } else {
        format!("{q} · Search")
    };
    let shown = if sought.in_address || is_found { q } else { "" };
    visit.page(StatusCode::OK, &title, shown, &body)
}

/// What is searched for, and where the lists are.
struct Sought<'a> {
    q: &'a str,
    fields: &'a Fields,
    /// Whether the text may stand in an address.
    in_address: bool,
}

impl Sought<'_> {
    /// The step to the next page of one of the two lists; the other stays where it is.
    fn more(&self, list: &str, next: Option<&str>, of: &str) -> Markup {
        if next.is_none() {
            return html! {};
        }
        let mut parts = vec![("q", self.q)];
        for name in ["accounts_after", "keys_after"] {
            let after = if name == list {
                next
            } else {
                self.fields.some(name)
            };
            parts.extend(after.map(|after| (name, after)));
        }
        if self.in_address {
            let mut query = form_urlencoded::Serializer::new("/operator?".to_owned());
            let to = query.extend_pairs(parts).finish();
            return pager(None, Some(&to), of);
        }
        html! {
            form.pager method="post" action="/operator/search" aria-label=(of) {
                @for (name, value) in parts { input type="hidden" name=(name) value=(value); }
                button.button type="submit" { "Next" }
            }
        }
    }
}

fn accounts(page: &Page<AccountRecord>, sought: &Sought<'_>) -> Markup {
    let rows = html! {
        @for account in &page.data {
            tr {
                th scope="row" {
                    a href=(account_path(&account.id)) { bdi { (title(account)) } }
                    @if account.suspended_at.is_some() { " " (suspended()) }
                }
                td data-name="External id" { @if let Some(id) = &account.external_id { bdi { (id) } } }
                td data-name="Address" { @if let Some(address) = address(account) { bdi { (address) } } }
                td data-name="Keys" { (account.keys) }
                td data-name="Created" { (instant(Some(&account.created_at), "")) }
            }
        }
    };
    html! {
        section.card aria-labelledby="accounts" {
            h2 #accounts { "Accounts" }
            @if page.data.is_empty() { p.muted { "No account matches." } } @else {
                (list(&["Account", "External id", "Address", "Keys", "Created"], &rows))
                (sought.more("accounts_after", page.next.as_deref(), "More accounts"))
            }
        }
    }
}

fn address(account: &AccountRecord) -> Option<&String> {
    let first = account.notice_emails.first();
    account.email.as_ref().or(first)
}

fn keys(page: &Page<KeyRecord>, sought: &Sought<'_>) -> Markup {
    let rows = html! {
        @for key in &page.data {
            tr {
                th scope="row" { a href=(key_path(&key.access_key)) { bdi { (key.name) } } }
                td data-name="Access key" { code { (key.access_key) } }
                td data-name="Status" { (pill(key.status)) }
                td data-name="Account" { bdi { (key.external_id.as_ref().unwrap_or(&key.account_id)) } }
                td data-name="Expires" { (instant(key.expires_at.as_deref(), "Never")) }
                td data-name="Last used" { (instant(key.last_used_at.as_deref(), "Never")) }
            }
        }
    };
    html! {
        section.card aria-labelledby="keys" {
            h2 #keys { "Keys" }
            @if page.data.is_empty() { p.muted { "No key matches." } } @else {
                (list(&["Key", "Access key", "Status", "Account", "Expires", "Last used"], &rows))
                (sought.more("keys_after", page.next.as_deref(), "More keys"))
            }
        }
    }
}

/// Finds what was typed or pasted.
pub async fn search(Extension(visit): Extension<Visit>, Form(fields): Form) -> Response<Body> {
    visit.answer(sought(&visit, &fields).await)
}

async fn sought(visit: &Visit, fields: &Fields) -> Result<Response<Body>, Refusal> {
    let pasted = fields.get("q");
    if let Some(found) = pasted_secret(pasted, visit.vault.key_prefix()) {
        visit.needs(Scope::KeysRead)?;
        return Ok(match visit.vault.find_credential(pasted).await {
            Ok(found) => credential(visit, &found),
            Err(Error::Invalid(_)) => incomplete(visit, &found),
            Err(error) => return Err(error.into()),
        });
    }
    let q = text(pasted);
    let is_first = fields
        .some("accounts_after")
        .or(fields.some("keys_after"))
        .is_none();
    if !q.is_empty() {
        let hits = Hits::of(visit, &q, fields).await?;
        if let Some(only) = hits.only().filter(|_| is_first) {
            return Ok(Redirect::to(&only).into_response());
        }
        if !fits_address(&q, visit.vault.key_prefix()) {
            return Ok(listed(visit, &q, fields, &hits));
        }
    }
    let query = form_urlencoded::byte_serialize(q.as_bytes()).collect::<String>();
    Ok(Redirect::to(&format!("/operator?q={query}")).into_response())
}

/// The answer to a credential that is not whole.
fn incomplete(visit: &Visit, found: &Pasted) -> Response<Body> {
    let body = html! {
        h1 { "Pasted credential" }
        (note("warn", &html! {
            "That isn't a whole secret key: characters are missing or wrong. It was neither searched for nor stored."
        }))
        @if let Some(access_key) = &found.access_key {
            p { "The text names the access key " a href=(key_path(access_key)) { code { (access_key) } } "." }
        }
    };
    visit.page(StatusCode::OK, "Pasted credential", "", &body)
}

/// The answer to a whole one.
fn credential(visit: &Visit, found: &FoundCredential) -> Response<Body> {
    let (kind, verdict) = match (&found.holder, &found.access_key) {
        (Some(_), None) => ("good", "This is the secret key of the key below."),
        (Some(_), Some(_)) if found.is_pair() => ("good", "The secret is right."),
        (Some(_), Some(_)) => (
            "warn",
            "The secret is wrong for the access key in the text. It is the secret key of the key below.",
        ),
        (None, Some(_)) if found.named.is_some() => (
            "bad",
            "The secret is wrong. The access key is that of the key below.",
        ),
        (None, Some(_)) => (
            "bad",
            "No key has this access key, and none has this secret key. They may be of a key that was deleted.",
        ),
        (None, None) => (
            "bad",
            "No key has this secret key. It may be of a key that was deleted.",
        ),
    };
    let shown = found.holder.as_ref().or(found.named.as_ref());
    let body = html! {
        h1 { "Pasted credential" }
        (note(kind, &html! { (verdict) }))
        @if let Some(key) = shown {
            section.card aria-labelledby="key" {
                h2 #key { a href=(key_path(&key.access_key)) { bdi { (key.name) } } }
                p { code { (key.access_key) } " " (pill(key.status)) }
                dl.facts {
                    (fact("Account", &html! {
                        @let name = key.external_id.as_ref().unwrap_or(&key.account_id);
                        @if visit.session.may(Scope::AccountsRead) {
                            a href=(account_path(&key.account_id)) { bdi { (name) } }
                        } @else { bdi { (name) } }
                    }))
                    (fact("Expires", &instant(key.expires_at.as_deref(), "Never")))
                    (fact("Last used", &instant(key.last_used_at.as_deref(), "Never")))
                }
            }
        }
        p.muted { "The text was neither stored nor logged, and this was no call of the key." }
    };
    visit.page(StatusCode::OK, "Pasted credential", "", &body)
}

//! An account as its owner sees it, and its suspension.

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use shared::list::ListQuery;
use shared::relative::ago;
use shared::usage::grouped;
use shared::view::{KeyPage, KeyView};
use vault::Account;
use vault::operators::acts::Act;
use vault::operators::record::AccountRecord;
use vault::operators::scope::Scope;

use super::access::Visit;
use super::acts::{Wrong, meant, reason_field, version_field};
use super::form::{Fields, Form, Query};
use super::frame::Refusal;
use super::mails;
use super::parts::{fact, history, instant, list, moment, note, pager, pill, suspended};
use super::search::{account_path, key_path};

/// Returns the name of an account for people.
pub fn title(account: &AccountRecord) -> &str {
    let others = [&account.external_id, &account.email];
    let mut named = others.into_iter().flatten().map(String::as_str);
    match account.name.as_str() {
        "" => named.next().unwrap_or(&account.id),
        name => name,
    }
}

/// Shows an account.
pub async fn page(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    Query(fields): Query,
) -> Response<Body> {
    visit.answer(shown(&visit, &id, &fields, None).await)
}

async fn shown(
    visit: &Visit,
    id: &str,
    fields: &Fields,
    wrong: Option<&Wrong>,
) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::AccountsRead)?;
    let record = visit.vault.account_record(id).await?;
    let account = visit.vault.account(&record.id).await?;
    let may_write = visit.session.may(Scope::AccountsWrite);
    let operator = &visit.session.operator;
    let done = match visit.vault.just_done(operator, &record.id, None).await? {
        _ if wrong.is_some() => None,
        Some(Act::Suspended) if record.suspended_at.is_some() => Some(html! {
            "The account is suspended. Its keys are refused from now on, and its owner sees the reason. "
            @if may_write { (resume_form(&record, "button small")) }
        }),
        Some(Act::Resumed) if record.suspended_at.is_none() => {
            Some(html! { "The account is resumed. Its keys work as before." })
        }
        _ => None,
    };
    let keys = keys(visit, &account, fields).await?;
    let mails = visit.vault.notices(&account).await?;
    let past = if visit.session.may(Scope::AuditRead) {
        Some(visit.vault.account_history(&account).await?)
    } else {
        None
    };
    let body = html! {
        div.head {
            h1 { bdi { (title(&record)) } }
            @if record.suspended_at.is_some() { (suspended()) }
        }
        @if let Some(done) = done { (note("good", &done)) }
        @if let Some(wrong) = wrong { (wrong.note("The account", record.suspended_at.is_none())) }
        @if let Some(since) = &record.suspended_at { (suspension(&record, since, may_write)) }
        (facts(&record))
        @if record.suspended_at.is_none() && may_write { (suspend_form(&record, wrong)) }
        @if let Some(keys) = keys { (keys) }
        (mails::log(visit, &mails))
        @if let Some(past) = past { (history(&past)) }
    };
    let status = wrong.map_or(StatusCode::OK, Wrong::status);
    Ok(visit.page(status, title(&record), "", &body))
}

/// The suspension, and its end.
fn suspension(account: &AccountRecord, since: &str, may_write: bool) -> Markup {
    let reason = account.suspended_reason.as_deref().unwrap_or_default();
    html! {
        section.card.bad aria-label="Suspension" {
            p {
                strong { "Suspended" } " since " (instant(Some(since), "")) ". "
                @if reason.is_empty() { "No reason was given." } @else { "The owner reads: " q { bdi { (reason) } } }
            }
            @if may_write { (resume_form(account, "button")) }
        }
    }
}

fn suspend_form(account: &AccountRecord, wrong: Option<&Wrong>) -> Markup {
    html! {
        details.card.act open[wrong.is_some_and(Wrong::opens)] {
            summary { "Suspend this account…" }
            form.form method="post" action=(format!("{}/suspend", account_path(&account.id))) {
                p.help {
                    "Its keys are refused at once and its owner can change nothing, until it is resumed. Nothing is lost."
                }
                (version_field(&account.tag()))
                (reason_field("The owner sees it on every page.", wrong))
                button.button.danger type="submit" { "Suspend account" }
            }
        }
    }
}

fn resume_form(account: &AccountRecord, class: &str) -> Markup {
    html! {
        form method="post" action=(format!("{}/resume", account_path(&account.id))) {
            (version_field(&account.tag()))
            button class=(class) type="submit" { "Resume account" }
        }
    }
}

fn facts(account: &AccountRecord) -> Markup {
    let text = |text: &str| html! { bdi { (text) } };
    let metadata = serde_json::to_string_pretty(&account.metadata).unwrap_or_default();
    html! {
        section.card aria-label="Account" {
            dl.facts {
                @if let Some(id) = &account.external_id { (fact("External id", &text(id))) }
                (fact("Id", &html! { code { (account.id) } }))
                @if let Some(email) = &account.email { (fact("Signs in as", &text(email))) }
                @if !account.notice_emails.is_empty() {
                    (fact("Notices to", &html! {
                        @for address in &account.notice_emails { div { (text(address)) } }
                    }))
                }
                (fact("Time zone", &html! { (account.time_zone) }))
                (fact("Warns", &html! { (account.warning_days) " days before a key expires" }))
                (fact("Created", &instant(Some(&account.created_at), "")))
                @if !account.metadata.is_empty() { (fact("Metadata", &html! { pre { code { (metadata) } } })) }
            }
        }
    }
}

/// The keys, as the owner's table has them; none if the token may not read them.
async fn keys(
    visit: &Visit,
    account: &Account,
    fields: &Fields,
) -> Result<Option<Markup>, Refusal> {
    if !visit.session.may(Scope::KeysRead) {
        return Ok(None);
    }
    let query = ListQuery::parse("", "", "", "", fields.get("page"));
    let page = visit.vault.list_keys(account, &query).await?;
    let to = |page: u32| format!("{}?page={page}#keys", account_path(&account.id));
    let previous = (page.page > 1).then(|| to(page.page - 1));
    let next = (page.page < page.pages).then(|| to(page.page + 1));
    Ok(Some(html! {
        section.card aria-labelledby="keys" {
            h2 #keys { "Keys" }
            (table(&page))
            (pager(previous.as_deref(), next.as_deref(), "Pages of keys"))
            @if !page.keys.is_empty() { p.muted.zone { "Dates are in the account's zone, " (page.time_zone) "." } }
        }
    }))
}

fn table(page: &KeyPage) -> Markup {
    if page.keys.is_empty() {
        return html! { p.muted { "This account has no keys." } };
    }
    let rows = html! {
        @for key in &page.keys { (row(key, page.now)) }
    };
    list(
        &[
            "Key",
            "Access key",
            "Status",
            "Expires",
            "Last used",
            "Calls, 30 days",
        ],
        &rows,
    )
}

fn row(key: &KeyView, now: i64) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(key_path(&key.access_key)) { bdi { (key.name) } } }
            td data-name="Access key" { code { (key.access_key) } }
            td data-name="Status" { (pill(key.status)) }
            td data-name="Expires" { (moment(key.expires.as_ref(), "Never")) }
            td data-name="Last used" {
                @match &key.used {
                    Some(used) => { time datetime=(used.rfc3339) title=(used.text) { (ago(used.at, now)) } }
                    None => { "Never" }
                }
            }
            td data-name="Calls" {
                (grouped(key.calls.accepted))
                @if key.calls.refused > 0 { ", " (grouped(key.calls.refused)) " refused" }
            }
        }
    }
}

/// Suspends the account.
pub async fn suspend(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Response<Body> {
    visit.answer(suspended_now(&visit, &id, &fields).await)
}

async fn suspended_now(
    visit: &Visit,
    id: &str,
    fields: &Fields,
) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::AccountsWrite)?;
    let operator = &visit.session.operator;
    let made = visit
        .vault
        .suspend(operator, meant(id, fields), fields.get("reason"), None);
    match made.await {
        Ok(_) => to_account(visit, id).await,
        Err(error) => {
            let wrong = Wrong::of(error, "reason", fields)?;
            shown(visit, id, fields, Some(&wrong)).await
        }
    }
}

/// Lets the account go on.
pub async fn resume(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Response<Body> {
    visit.answer(resumed(&visit, &id, &fields).await)
}

async fn resumed(visit: &Visit, id: &str, fields: &Fields) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::AccountsWrite)?;
    let operator = &visit.session.operator;
    let made = visit.vault.resume(operator, meant(id, fields), None);
    match made.await {
        Ok(_) => to_account(visit, id).await,
        Err(error) => {
            let wrong = Wrong::of(error, "", fields)?;
            shown(visit, id, fields, Some(&wrong)).await
        }
    }
}

/// Leads to the account, whose page tells what was done.
async fn to_account(visit: &Visit, id: &str) -> Result<Response<Body>, Refusal> {
    let account = visit.vault.account_record(id).await?;
    Ok(Redirect::to(&account_path(&account.id)).into_response())
}

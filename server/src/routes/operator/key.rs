//! A key as its owner sees it, its expiration with a reason, and its restoration.

use app::keys::calls::chart_of;
use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use shared::relative::ago;
use shared::status::Status;
use shared::usage::{CallRange, CallerView, still_fail};
use shared::view::{KeyDetail, KeyView};
use vault::Account;
use vault::operators::acts::Act;
use vault::operators::scope::Scope;

use super::access::Visit;
use super::acts::{Wrong, meant, reason_field, version_field};
use super::form::{Fields, Form};
use super::frame::Refusal;
use super::parts::{fact, history, list, moment, note, part, pill, suspended};
use super::search::{account_path, key_path};

/// Shows a key.
pub async fn page(
    Extension(visit): Extension<Visit>,
    Path(access_key): Path<String>,
) -> Response<Body> {
    visit.answer(shown(&visit, &access_key, None).await)
}

async fn shown(
    visit: &Visit,
    access_key: &str,
    wrong: Option<&Wrong>,
) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::KeysRead)?;
    let account = visit.vault.account_of_key(access_key).await?;
    let detail = visit.vault.show_key(&account, access_key).await?;
    let key = &detail.key;
    let may_write = visit.session.may(Scope::KeysWrite);
    let is_expired = key.status == Status::Expired;
    let operator = &visit.session.operator;
    let told = visit
        .vault
        .just_done(operator, &account.id, Some(&key.access_key));
    let done = match told.await? {
        _ if wrong.is_some() => None,
        Some(Act::Expired { before }) if is_expired => Some(html! {
            "The key is expired. It is refused from now on, and its owner reads the reason. "
            @if let Some(before) = before.filter(|_| may_write) { (restore_button(key, &before)) }
        }),
        Some(Act::Restored) if !is_expired => {
            Some(html! { "The key is restored. The same credentials work again." })
        }
        _ => None,
    };
    let body = html! {
        div.head {
            h1 { bdi { (key.name) } }
            (pill(key.status))
            @if account.suspended.is_some() { (suspended()) }
        }
        @if !key.description.is_empty() { p.lead { bdi { (key.description) } } }
        @if let Some(done) = done { (note("good", &done)) }
        @if let Some(wrong) = wrong { (wrong.note("The key", !is_expired)) }
        @if account.suspended.is_some() {
            (note("warn", &html! {
                "The account is suspended, so this key is refused whatever its own status is. Calls that are refused for that are not counted."
            }))
        }
        @if let Some(failing) = &detail.failing {
            (note("bad", &html! {
                strong { (still_fail(failing.callers)) } ", last " (ago(failing.last.at, detail.now)) "."
            }))
        }
        (facts(visit, &detail, &account))
        @if may_write { (act(&detail, wrong)) }
        section.card aria-labelledby="calls" {
            h2 #calls { "Calls" }
            (part(chart_of(detail.calls.clone(), CallRange::Month)))
        }
        (callers(&detail.callers, detail.now))
        @if visit.session.may(Scope::AuditRead) { (history(&detail.history)) }
        p.muted.zone { "Dates are in the account's zone, " (detail.time_zone) "." }
    };
    let status = wrong.map_or(StatusCode::OK, Wrong::status);
    Ok(visit.page(status, &key.name, "", &body))
}

fn facts(visit: &Visit, detail: &KeyDetail, account: &Account) -> Markup {
    let key = &detail.key;
    let name = account.external_id.as_deref().or(account.address());
    let name = name.unwrap_or(&account.id);
    html! {
        section.card aria-label="Key" {
            dl.facts {
                (fact("Access key", &html! { code { (key.access_key) } }))
                (fact("Account", &html! {
                    @if visit.session.may(Scope::AccountsRead) {
                        a href=(account_path(&account.id)) { bdi { (name) } }
                    } @else { bdi { (name) } }
                }))
                (fact("Expires", &moment(key.expires.as_ref(), "Never")))
                (fact("Last used", &moment(key.used.as_ref(), "Never")))
                (fact("Created", &moment(Some(&key.created), "")))
            }
        }
    }
}

/// What can be done with the key as it is.
fn act(detail: &KeyDetail, wrong: Option<&Wrong>) -> Markup {
    let path = key_path(&detail.key.access_key);
    if detail.key.status == Status::Expired {
        return html! {
            details.card.act {
                summary { "Restore this key…" }
                form.form method="post" action=(format!("{path}/restore")) {
                    p.help { "The same credentials work again." }
                    (version_field(&detail.key.version))
                    div.field {
                        label for="expiry" { "Expires" }
                        select #expiry name="expiry" {
                            @for offer in &detail.offers {
                                option value=(offer.expiry) { (offer.label) " (" (offer.day) ")" }
                            }
                            option value="never" { "Never" }
                        }
                    }
                    button.button.primary type="submit" { "Restore key" }
                }
            }
        };
    }
    html! {
        details.card.act open[wrong.is_some_and(Wrong::opens)] {
            summary { "Expire this key…" }
            form.form method="post" action=(format!("{path}/expire")) {
                p.help { "It is refused at once. Its owner can restore it." }
                (version_field(&detail.key.version))
                (reason_field("The owner reads it in the key's history and in the email.", wrong))
                button.button.danger type="submit" { "Expire key now" }
            }
        }
    }
}

fn restore_button(key: &KeyView, expiry: &str) -> Markup {
    html! {
        form method="post" action=(format!("{}/restore", key_path(&key.access_key))) {
            (version_field(&key.version))
            input type="hidden" name="expiry" value=(expiry);
            button.button.small type="submit" { "Restore key" }
        }
    }
}

fn callers(callers: &[CallerView], now: i64) -> Markup {
    let or = |text: &str, none: &str| if text.is_empty() { none } else { text }.to_owned();
    let rows = html! {
        @for caller in callers {
            tr {
                th scope="row" { bdi { (or(&caller.address, "Unknown address")) } }
                td data-name="User agent" { bdi { (or(&caller.agent, "No user agent")) } }
                td data-name="Last call" {
                    time datetime=(caller.seen.rfc3339) title=(caller.seen.text) { (ago(caller.seen.at, now)) }
                }
                td data-name="Outcome" { @if caller.refused { "Refused: expired" } @else { "Accepted" } }
            }
        }
    };
    html! {
        section.card aria-labelledby="callers" {
            h2 #callers { "Recent callers" }
            @if callers.is_empty() { p.muted { "No calls with this key yet." } } @else {
                (list(&["Address", "User agent", "Last call", "Outcome"], &rows))
            }
        }
    }
}

/// Expires the key.
pub async fn expire(
    Extension(visit): Extension<Visit>,
    Path(access_key): Path<String>,
    Form(fields): Form,
) -> Response<Body> {
    visit.answer(expired(&visit, &access_key, &fields).await)
}

async fn expired(
    visit: &Visit,
    access_key: &str,
    fields: &Fields,
) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::KeysWrite)?;
    let (operator, reason) = (&visit.session.operator, fields.get("reason"));
    let meant = meant(access_key, fields);
    let made = visit
        .vault
        .expire_any_key(operator, meant, Some(reason), None);
    match made.await {
        Ok(_) => Ok(Redirect::to(&key_path(access_key)).into_response()),
        Err(error) => {
            let wrong = Wrong::of(error, "reason", fields)?;
            shown(visit, access_key, Some(&wrong)).await
        }
    }
}

/// Restores the key.
pub async fn restore(
    Extension(visit): Extension<Visit>,
    Path(access_key): Path<String>,
    Form(fields): Form,
) -> Response<Body> {
    visit.answer(restored(&visit, &access_key, &fields).await)
}

async fn restored(
    visit: &Visit,
    access_key: &str,
    fields: &Fields,
) -> Result<Response<Body>, Refusal> {
    visit.needs(Scope::KeysWrite)?;
    let (operator, expiry) = (&visit.session.operator, fields.get("expiry"));
    let meant = meant(access_key, fields);
    let made = visit.vault.restore_any_key(operator, meant, expiry, None);
    match made.await {
        Ok(_) => Ok(Redirect::to(&key_path(access_key)).into_response()),
        Err(error) => {
            let wrong = Wrong::of(error, "expiry", fields)?;
            shown(visit, access_key, Some(&wrong)).await
        }
    }
}

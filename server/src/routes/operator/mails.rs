//! The delivery log of an account: its emails, who they went to, and what the mail server said.

use maud::{Markup, html};
use shared::mail::{DeliveryState, MailKind};
use shared::view::notices::{Delivery, NoticesView};
use vault::operators::scope::Scope;

use super::access::Visit;
use super::parts::{list, moment};
use super::search::key_path;

/// The emails in sight; older ones are one press away.
const FIRST: usize = 5;

pub fn log(visit: &Visit, notices: &NoticesView) -> Markup {
    let (first, older) = notices
        .deliveries
        .split_at(notices.deliveries.len().min(FIRST));
    let links = visit.session.may(Scope::KeysRead);
    html! {
        section.card aria-labelledby="emails" {
            h2 #emails { "Emails" }
            @if first.is_empty() { p.muted { "Nothing was sent yet." } } @else { (table(first, links)) }
            @if !older.is_empty() {
                details.older {
                    summary { "Show " (older.len()) " older" }
                    (table(older, links))
                }
            }
        }
    }
}

fn table(mails: &[Delivery], links: bool) -> Markup {
    let rows = html! {
        @for mail in mails {
            tr {
                th scope="row" { (subject(mail, links)) }
                td data-name="To" { bdi { (mail.recipient) } }
                td data-name="When" {
                    (moment(Some(if mail.state == DeliveryState::Sent { &mail.at } else { &mail.created }), ""))
                }
                td data-name="State" {
                    (state(mail.state))
                    @if mail.attempts > 1 { ", " (mail.attempts) " attempts" }
                    @if !mail.words.is_empty() { div.words { (mail.words) } }
                }
            }
        }
    };
    list(&["What", "To", "When", "State"], &rows)
}

fn subject(mail: &Delivery, links: bool) -> Markup {
    let shown = i64::try_from(mail.keys.len()).unwrap_or_default();
    html! {
        @match mail.kind {
            MailKind::Notice => {
                ul {
                    @for key in &mail.keys {
                        li {
                            @if links && key.exists {
                                a href=(key_path(&key.access_key)) { bdi { (key.name) } }
                            } @else { bdi { (key.name) } }
                            span.muted { ", " (key.stage.label()) @if key.left_out { ", left out" } }
                        }
                    }
                    @if mail.key_count > shown { li.muted { "and " (mail.key_count - shown) " more" } }
                }
            }
            MailKind::ConfirmAddress => { "Link to confirm the address" }
            MailKind::ConfirmSecondRecipient => { "Link to confirm the second recipient" }
            MailKind::ResetPassword => { "Link to set a new password" }
            MailKind::PasswordChanged => { "Password changed" }
            MailKind::ChangeAddress => { "Link to confirm a new address" }
            MailKind::AddressAsked => { "Address change requested" }
            MailKind::AddressChanged => { "Address changed" }
            MailKind::AccountDeleted => { "Account deleted" }
        }
    }
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "Waiting",
        DeliveryState::Sent => "Sent",
        DeliveryState::Failed => "Failed",
        DeliveryState::Dropped => "Not sent: no longer true",
    }
}

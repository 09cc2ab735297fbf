//! The notice: one mail that lists which keys of an account expire or have expired.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};
use shared::DAY_MS;
use shared::relative::relative;
use shared::status::Status;
use shared::usage::still_fail;

use super::letter::{Content, Unsubscribe, at_most, one_line};
use super::letterhead::Letterhead;
use super::page::{PARAGRAPH, link};
use crate::time::format::moment;
use crate::time::zones::Zone;

/// Keys listed in cards in the HTML form; further ones get a line each, so that mail programs still open the mail.
const IN_CARDS: usize = 50;
/// Keys listed in total; the rest is counted. Mail servers commonly refuse mails of ten megabytes.
const LISTED: usize = 5_000;
/// Maximum names in the subject, and characters of each.
const NAMED: usize = 3;
const NAME_IN_SUBJECT: usize = 40;

/// A key to report.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    pub access_key: &'a str,
    pub name: &'a str,
    /// UTC epoch milliseconds.
    pub expires_at: i64,
    /// Whether the expiration was set to the moment of the change, to expire the key manually.
    pub expired_manually: bool,
    /// The operator who did that: the token's name, and the reason, which may be empty.
    pub expired_by: Option<(&'a str, &'a str)>,
    /// The last call that was accepted, UTC epoch milliseconds.
    pub used_at: Option<i64>,
    /// How many callers still fail, and when the last did. Never their identity: what they send is not Keyhold's to
    /// repeat.
    pub failing: Option<(i64, i64)>,
}

impl Notice<'_> {
    fn status(&self, now: i64) -> Status {
        if now >= self.expires_at {
            Status::Expired
        } else {
            Status::ExpiringSoon
        }
    }
}

/// The URLs by which a reader without an account ends the notices.
pub struct Stop {
    /// The URL of the page with the button.
    pub page: String,
    /// The URL that takes a mail program's POST.
    pub one_click: String,
}

/// Returns the mail about these keys, most urgent first. `now` is in UTC epoch
/// milliseconds, and `stop` is for a reader without an account.
pub fn digest(
    head: Letterhead<'_>,
    zone: Zone,
    now: i64,
    notices: &[Notice],
    stop: Option<&Stop>,
) -> Content {
    let base_url = head.base_url;
    let mut sorted: Vec<&Notice> = notices.iter().collect();
    sorted.sort_by_key(|notice| (notice.expires_at, notice.access_key));
    let entries: Vec<Entry> = sorted
        .iter()
        .take(LISTED)
        .map(|notice| Entry::new(base_url, zone, now, notice))
        .collect();
    let rest = sorted.len() - entries.len();
    let headline = headline(now, &sorted);
    let consequence = consequence(now, &sorted);
    let list = format!("{base_url}/preferences/api-control");
    let settings = format!("{base_url}/preferences/notices");
    let choose = stop.map_or((CHOOSE, settings.as_str()), |stop| (STOP, &stop.page));
    let unsubscribe = match stop {
        Some(stop) => Unsubscribe::OneClick(stop.one_click.clone()),
        None => Unsubscribe::Page(settings.clone()),
    };
    Content {
        unsubscribe: Some(unsubscribe),
        subject: subject(&headline, &sorted),
        text: text(
            &[&headline, consequence],
            &entries,
            (rest, &list),
            (head, choose),
        ),
        html: html(
            &[&headline, consequence],
            &entries,
            (rest, &list),
            (head, choose),
        ),
    }
}

/// Returns the headline: "1 API key has expired, 2 expire within 3 days".
fn headline(now: i64, sorted: &[&Notice]) -> String {
    let expired = sorted
        .iter()
        .filter(|notice| notice.status(now) == Status::Expired)
        .count();
    let expiring = sorted.len() - expired;
    let keys = |count: usize| if count == 1 { "API key" } else { "API keys" };
    let have = if expired == 1 { "has" } else { "have" };
    let expire = if expiring == 1 { "expires" } else { "expire" };
    let longest = sorted.last().map_or(0, |notice| notice.expires_at - now);
    let days = match (longest - 1).div_euclid(DAY_MS) + 1 {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match (expired, expiring) {
        (_, 0) => format!("{expired} {} {have} expired", keys(expired)),
        (0, _) => format!("{expiring} {} {expire} within {days}", keys(expiring)),
        _ => format!(
            "{expired} {} {have} expired, {expiring} {expire} within {days}",
            keys(expired)
        ),
    }
}

fn subject(headline: &str, sorted: &[&Notice]) -> String {
    let names: Vec<String> = sorted
        .iter()
        .take(NAMED)
        .map(|notice| at_most(NAME_IN_SUBJECT, &one_line(notice.name)))
        .collect();
    let names = names.join(", ");
    match sorted.len() - sorted.len().min(NAMED) {
        0 => format!("{headline}: {names}"),
        more => format!("{headline}: {names} and {more} more"),
    }
}

/// Returns the consequence for the keys, and what to do.
fn consequence(now: i64, sorted: &[&Notice]) -> &'static str {
    let has = |status| sorted.iter().any(|notice| notice.status(now) == status);
    match (has(Status::Expired), has(Status::ExpiringSoon)) {
        (true, false) => {
            "An expired key is rejected. Restore it, and the same credentials work again."
        }
        (false, _) => {
            "A key is rejected once it expires. Extend it, and the programs that use it keep working with the same \
             credentials."
        }
        (true, true) => {
            "An expired key is rejected. Restore or extend a key, and the same credentials keep working."
        }
    }
}

/// A key as text.
struct Entry {
    name: String,
    access_key: String,
    status: Status,
    /// "in 3 days (Thu 26 Nov 2026, 23:59 PST)".
    when: String,
    /// Who expired it manually, as a sentence.
    manually: Option<String>,
    /// Signs that the key is still needed: "3 callers still fail, the last on …".
    usage: Option<String>,
    /// The URL of the form that sets a new expiration.
    address: String,
}

impl Entry {
    fn new(base_url: &str, zone: Zone, now: i64, notice: &Notice) -> Self {
        let status = notice.status(now);
        let part = match status {
            Status::Expired => "restore",
            _ => "extend",
        };
        Self {
            name: one_line(notice.name),
            access_key: notice.access_key.to_owned(),
            status,
            when: format!(
                "{} ({})",
                relative(notice.expires_at, now),
                moment(notice.expires_at, zone).text
            ),
            manually: (notice.expired_manually && status == Status::Expired)
                .then(|| manually(notice.expired_by)),
            usage: (status == Status::Expired)
                .then(|| usage(notice, zone))
                .flatten(),
            address: format!(
                "{base_url}/preferences/api-control/{}#{part}",
                notice.access_key
            ),
        }
    }

    /// Returns the label of the expiration.
    fn event(&self) -> &'static str {
        match self.status {
            Status::Expired => "Expired",
            _ => "Expires",
        }
    }

    fn verb(&self) -> &'static str {
        match self.status {
            Status::Expired => "Restore",
            _ => "Extend",
        }
    }
}

fn usage(notice: &Notice, zone: Zone) -> Option<String> {
    if let Some((callers, last)) = notice.failing {
        let words = still_fail(callers).replacen("at least", "At least", 1);
        return Some(format!("{words}, the last on {}.", moment(last, zone).text));
    }
    notice
        .used_at
        .map(|at| format!("Last used on {}.", moment(at, zone).text))
}

/// Returns who expired a key manually.
fn manually(by: Option<(&str, &str)>) -> String {
    match by {
        None => "Expired manually, by someone with access to the account.".to_owned(),
        Some((name, "")) => format!("Expired by the operator ({}).", one_line(name)),
        Some((name, reason)) => {
            let reason = one_line(reason);
            format!("Expired by the operator ({}): {reason}", one_line(name))
        }
    }
}

const WHY: &str = "You get this because this address receives the expiry notices of an account at";
const CHOOSE: &str = "Choose notices and recipients";
const STOP: &str = "Stop these notices";

fn more(rest: usize) -> Option<Cow<'static, str>> {
    match rest {
        0 => None,
        1 => Some("1 more key isn't listed here.".into()),
        rest => Some(format!("{rest} more keys aren't listed here.").into()),
    }
}

fn text(
    opening: &[&str; 2],
    entries: &[Entry],
    (rest, list): (usize, &str),
    (head, choose): (Letterhead<'_>, (&str, &str)),
) -> String {
    let mut lines = vec![
        format!("{}.", opening[0]),
        opening[1].to_owned(),
        String::new(),
    ];
    for entry in entries {
        lines.push(entry.name.clone());
        lines.push(format!("  {}: {}", entry.status.label(), entry.when));
        if let Some(manually) = &entry.manually {
            lines.push(format!("  {manually}"));
        }
        if let Some(usage) = &entry.usage {
            lines.push(format!("  {usage}"));
        }
        lines.push(format!("  Access key: {}", entry.access_key));
        lines.push(format!("  {}: {}", entry.verb(), entry.address));
        lines.push(String::new());
    }
    if let Some(more) = more(rest) {
        lines.push(format!("{more} See all: {list}"));
        lines.push(String::new());
    }
    lines.push(format!("{WHY} {}.", head.base_url));
    lines.push(format!("{}: {}", choose.0, choose.1));
    head.text(&lines)
}

const CARD: &str = "margin:0 0 16px;padding:16px;border:1px solid #80878f;border-radius:10px;word-break:break-word";
const LINE: &str = "margin:0 0 8px";
const NAME: &str = "margin:0 0 8px;font-size:17px;font-weight:600";
const MONO: &str =
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:14px";

fn html(
    opening: &[&str; 2],
    entries: &[Entry],
    (rest, list): (usize, &str),
    (head, choose): (Letterhead<'_>, (&str, &str)),
) -> String {
    let content = html! {
        p style=(PARAGRAPH) { (opening[1]) }
        @for entry in entries.iter().take(IN_CARDS) { (card(head, entry)) }
        @if entries.len() > IN_CARDS {
            ul style="margin:0 0 16px;padding:0 0 0 20px" {
                @for entry in &entries[IN_CARDS..] { (row(entry)) }
            }
        }
        @if let Some(more) = more(rest) {
            p style=(PARAGRAPH) { (more) " " (link(list, "See all in API Control")) "." }
        }
    };
    let footer = html! {
        (WHY) " " (link(head.base_url, head.base_url)) ". " (link(choose.1, choose.0)) "."
    };
    head.page(opening[0], &content, &footer)
}

fn card(head: Letterhead<'_>, entry: &Entry) -> Markup {
    html! {
        div style=(CARD) {
            p style=(LINE) { (pill(entry.status)) }
            p style=(NAME) { bdi { (entry.name) } }
            p style=(LINE) { (entry.event()) " " (entry.when) }
            @if let Some(manually) = &entry.manually { p style=(LINE) { (manually) } }
            @if let Some(usage) = &entry.usage { p style=(LINE) { (usage) } }
            p style=(LINE) { "Access key " span style=(MONO) { (entry.access_key) } }
            p style="margin:0" { (head.button(&entry.address, entry.verb(), Some(&entry.name))) }
        }
    }
}

fn row(entry: &Entry) -> Markup {
    html! {
        li {
            bdi { (entry.name) } ", " span style=(MONO) { (entry.access_key) } ": " (entry.event()) " "
            (entry.when) ". "
            @if let Some(usage) = &entry.usage { (usage) " " }
            (link(&entry.address, entry.verb()))
        }
    }
}

/// Returns icon, word and colour of a status. The icons are characters, because pictures are often not loaded.
fn pill(status: Status) -> Markup {
    let (icon, colours) = match status {
        Status::Expired => ("&#10005;", "background:#ffeceb;color:#a51f1e"),
        _ => ("&#9719;", "background:#fff0cc;color:#784900"),
    };
    html! {
        span style={ "display:inline-block;padding:2px 10px;border-radius:12px;font-size:14px;font-weight:600;" (colours) } {
            span aria-hidden="true" { (PreEscaped(icon)) } " " (status.label())
        }
    }
}

//! The parts that pages for operators share.

use app::ui::icon::Icon;
use app::ui::served::html as html_of;
use app::ui::status;
use leptos::prelude::AnyView;
use maud::{Markup, PreEscaped, html};
use shared::moment::{Moment, unbroken};
use shared::status::Status;
use shared::view::HistoryEntry;

/// A part of the customers' pages, whose renderer has escaped the text in it.
pub fn part(part: AnyView) -> Markup {
    PreEscaped(html_of(Some(part)))
}

/// An icon of the site.
pub fn icon(icon: Icon) -> Markup {
    part(icon.draw())
}

/// A message in the page. `kind`: `good`, `warn` or `bad`.
pub fn note(kind: &str, text: &Markup) -> Markup {
    let picture = if kind == "good" {
        Icon::CHECK
    } else {
        Icon::WARNING
    };
    html! { div class=(["note ", kind].concat()) role="status" { (icon(picture)) div { (text) } } }
}

/// The status of a key.
pub fn pill(status: Status) -> Markup {
    html! {
        span class=(["pill ", status::class(status)].concat()) {
            (icon(status::icon(status))) " " (status.label())
        }
    }
}

/// The pill of a suspended account.
pub fn suspended() -> Markup {
    html! { span.pill.expired { (icon(Icon::STOP)) " Suspended" } }
}

/// An instant in RFC 3339 as people read it: "2026-11-30 14:37 UTC".
pub fn utc(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day}\u{a0}{time}\u{a0}UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// An instant in UTC; none: `otherwise`.
pub fn instant(rfc3339: Option<&str>, otherwise: &str) -> Markup {
    html! {
        @match rfc3339 {
            Some(at) => { time datetime=(at) { (utc(at)) } }
            None => { (otherwise) }
        }
    }
}

/// An instant in the zone of an account; none: `otherwise`.
pub fn moment(moment: Option<&Moment>, otherwise: &str) -> Markup {
    html! {
        @match moment {
            Some(moment) => { time datetime=(moment.rfc3339) { (unbroken(&moment.text)) } }
            None => { (otherwise) }
        }
    }
}

/// A table that is a list of cards in a narrow window, where each cell has `data-name`.
pub fn list(columns: &[&str], rows: &Markup) -> Markup {
    html! {
        table.plain.list {
            thead { tr { @for column in columns { th scope="col" { (column) } } } }
            tbody { (rows) }
        }
    }
}

/// A fact with its name.
pub fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// The entries of a history that are in sight; older ones are one press away.
const FIRST: usize = 8;

/// A history, the latest entry first.
pub fn history(entries: &[HistoryEntry]) -> Markup {
    let (first, older) = entries.split_at(entries.len().min(FIRST));
    html! {
        section.card aria-labelledby="history" {
            h2 #history { "History" }
            @if entries.is_empty() { p.muted { "Nothing is recorded yet." } }
            ol.history { @for one in first { (entry(one)) } }
            @if !older.is_empty() {
                details.older {
                    summary { "Show " (older.len()) " older" }
                    ol.history { @for one in older { (entry(one)) } }
                }
            }
        }
    }
}

fn entry(entry: &HistoryEntry) -> Markup {
    // The trail speaks to the owner.
    let who = match entry.who.as_str() {
        "you" => "the owner",
        who => who,
    };
    html! {
        li {
            span { bdi { (unbroken(&entry.what)) } }
            @for change in &entry.changes {
                span.change {
                    (change.field) ": " del { (or_nothing(&change.from)) } " → " ins { (or_nothing(&change.to)) }
                }
            }
            span.muted {
                (moment(Some(&entry.when), ""))
                @if !who.is_empty() { ", by " bdi { (who) } }
                @if !entry.address.is_empty() { " from " (entry.address) }
            }
        }
    }
}

fn or_nothing(text: &str) -> Markup {
    html! { @if text.is_empty() { em { "nothing" } } @else { bdi { (text) } } }
}

/// The steps through a list; none where there is one page.
pub fn pager(previous: Option<&str>, next: Option<&str>, of: &str) -> Markup {
    html! {
        @if previous.is_some() || next.is_some() {
            nav.pager aria-label=(of) {
                @if let Some(to) = previous { a.button href=(to) { "Previous" } }
                @if let Some(to) = next { a.button href=(to) { "Next" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_minute() {
        assert_eq!(
            utc("2026-11-30T14:37:32.000Z"),
            "2026-11-30\u{a0}14:37\u{a0}UTC"
        );
        assert_eq!(utc("never"), "never");
    }

    #[test]
    fn text_in_a_part_is_escaped() {
        let hostile = "<script>alert(1)</script>";
        assert!(
            !note("good", &html! { (hostile) })
                .into_string()
                .contains("<script")
        );
        assert!(!instant(Some(hostile), "").into_string().contains("<script"));
    }
}

//! Instants: the time in the account's zone, and the distance from now.

use leptos::prelude::*;
use shared::moment::{Moment, unbroken};
use shared::relative;

use super::reactive::{fresh, memo, reactive};

/// The ticking distance of an instant from now. It is not announced by screen readers, which would otherwise read out
/// each second.
pub fn distance(at: i64, now: Signal<i64>) -> AnyView {
    let words = words(at, now, relative::relative);
    reactive(move || fresh(view! { <span class="relative" aria-live="off">{words.get()}</span> }))
}

fn words(at: i64, now: Signal<i64>, distance: fn(i64, i64) -> String) -> Memo<String> {
    memo(move || distance(at, now.get()))
}

/// The absolute instant, and the relative one under it.
pub fn when(moment: Moment, now: Signal<i64>) -> AnyView {
    let at = moment.at;
    fresh(view! {
        <span class="when">
            <time datetime=moment.rfc3339>{unbroken(&moment.text)}</time>
            " "
            {distance(at, now)}
        </span>
    })
}

/// The time since an event that repeats, with the absolute instant as its tooltip.
pub fn ago(moment: Moment, now: Signal<i64>) -> AnyView {
    let words = words(moment.at, now, relative::ago);
    reactive(move || {
        let Moment { rfc3339, text, .. } = moment.clone();
        fresh(view! {
            <time datetime=rfc3339 title=text aria-live="off">
                {words.get()}
            </time>
        })
    })
}

/// The last use of a key, which may be none.
pub fn last_use(used: Option<Moment>, now: Signal<i64>) -> AnyView {
    match used {
        Some(moment) => ago(moment, now),
        None => fresh(view! { <span>"Never"</span> }),
    }
}

/// An expiration without its distance, which is elsewhere on the page.
pub fn instant(moment: Option<Moment>) -> AnyView {
    let (at, text) = match moment {
        Some(moment) => (Some(moment.rfc3339), unbroken(&moment.text)),
        None => (None, "Never".to_owned()),
    };
    fresh(view! { <time class="when" datetime=at>{text}</time> })
}

/// An expiration, which may be none.
pub fn expiration(moment: Option<Moment>, now: Signal<i64>) -> AnyView {
    match moment {
        Some(moment) => when(moment, now),
        None => fresh(view! { <span class="when">"Never"</span> }),
    }
}

//! Instants: what the clock says in the account's zone, and how far away that is.

use leptos::prelude::*;
use shared::relative::relative;
use shared::view::Moment;

/// How far away an instant is, ticking. It is silent to screen readers' live regions, which would
/// otherwise read out each second.
pub fn distance(at: i64, now: Signal<i64>) -> AnyView {
    let words = Memo::new(move |_| relative(at, now.get()));
    view! { <span class="relative" aria-live="off">{words}</span> }.into_any()
}

/// The absolute instant, and the relative one under it.
pub fn when(moment: Moment, now: Signal<i64>) -> AnyView {
    let at = moment.at;
    view! {
        <span class="when">
            <time datetime=moment.rfc3339>{moment.text}</time>
            " "
            {distance(at, now)}
        </span>
    }
    .into_any()
}

/// An expiration, which may be none.
pub fn expiration(expires: Option<Moment>, now: Signal<i64>) -> AnyView {
    match expires {
        Some(moment) => when(moment, now),
        None => view! { <span class="when">"Never"</span> }.into_any(),
    }
}

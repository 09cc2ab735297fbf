//! A key's status as a pill: icon, word and colour, the same three everywhere.

use leptos::prelude::*;
use shared::moment::Moment;
use shared::relative::relative;
use shared::status::Status;
use shared::view::KeyView;

use super::icon::Icon;
use super::reactive::{fresh, memo, reactive};

pub fn icon(status: Status) -> Icon {
    match status {
        Status::Active => Icon::CHECK,
        Status::ExpiringSoon => Icon::CLOCK,
        Status::Expired => Icon::STOP,
    }
}

/// Returns the class with the colour of a status.
pub fn class(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::ExpiringSoon => "expiring",
        Status::Expired => "expired",
    }
}

/// The status of a key over time.
pub fn of(key: &KeyView, now: Signal<i64>, window: i64) -> Memo<Status> {
    let expires = key.expires_at();
    memo(move || Status::at(expires, now.get(), window))
}

/// A pill that stays as it is.
pub fn fixed(class: &'static str, icon: Icon, word: &'static str) -> AnyView {
    fresh(view! { <span class=format!("pill {class}")>{icon.draw()} {word}</span> })
}

/// A pill that changes with the status.
pub fn pill(status: Memo<Status>) -> AnyView {
    reactive(move || {
        let status = status.get();
        fixed(class(status), icon(status), status.label())
    })
}

/// A pill with the time in it. The instant is its tooltip, and follows for screen readers.
pub fn timed(status: Memo<Status>, expires: Signal<Option<Moment>>, now: Signal<i64>) -> AnyView {
    let words = memo(move || {
        let at = expires.with(|moment| moment.as_ref().map(|moment| moment.at));
        words(status.get(), at, now.get())
    });
    reactive(move || {
        let status = status.get();
        let instant = expires.with(|moment| moment.as_ref().map(|moment| moment.text.clone()));
        let hint = instant.clone();
        fresh(view! {
            <span class=["pill ", class(status)].concat() title=hint>
                {icon(status).draw()}
                <span class="relative" aria-live="off">
                    {words.get()}
                </span>
                {instant.map(|instant| view! { <span class="visually-hidden">", " {instant}</span> })}
            </span>
        })
    })
}

/// A pill with the time in it at `now`, without seconds. The instant is its tooltip, and follows for screen readers.
#[cfg(feature = "ssr")]
pub fn still(key: &KeyView, now: i64) -> AnyView {
    let at = key.expires_at();
    let minutes = at.map_or(0, |at| {
        (at - now + shared::MINUTE_MS - 1) / shared::MINUTE_MS
    });
    let words = match key.status {
        Status::Active if (1..60).contains(&minutes) => format!("Active · {minutes} min"),
        Status::ExpiringSoon if (1..60).contains(&minutes) => format!("Expires in {minutes} min"),
        status => words(status, at, now),
    };
    let instant = key.expires.as_ref().map(|moment| moment.text.clone());
    let hint = instant.clone();
    view! {
        <span class=format!("pill {}", class(key.status)) title=hint>
            {icon(key.status).draw()}
            <span class="relative">{words}</span>
            {instant.map(|instant| view! { <span class="visually-hidden">{format!(", {instant}")}</span> })}
        </span>
    }
    .into_any()
}

/// "Active · 82 days", "Expires in 3 days", "Expired 2 days ago".
fn words(status: Status, expires: Option<i64>, now: i64) -> String {
    let Some(at) = expires else {
        return "Active · never expires".to_owned();
    };
    let distance = relative(at, now);
    match status {
        Status::Active => ["Active · ", distance.trim_start_matches("in ")].concat(),
        Status::ExpiringSoon => ["Expires ", &distance].concat(),
        Status::Expired => ["Expired ", &distance].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pill_tells_the_time_in_one_line() {
        let day = shared::DAY_MS;
        let words = |status, days| words(status, Some(days * day), 0);
        assert_eq!(words(Status::Active, 82), "Active · 82 days");
        assert_eq!(words(Status::ExpiringSoon, 3), "Expires in 3 days");
        assert_eq!(words(Status::Expired, -2), "Expired 2 days ago");
        assert_eq!(words(Status::Expired, 0), "Expired just now");
        assert_eq!(
            super::words(Status::Active, None, 0),
            "Active · never expires"
        );
    }

    /// No two statuses look alike, not even without colours or without words.
    #[test]
    fn icon_word_and_colour_tell_each_status() {
        for one in Status::ALL {
            for other in Status::ALL.into_iter().filter(|other| *other != one) {
                assert_ne!(icon(one), icon(other));
                assert_ne!(class(one), class(other));
                assert_ne!(one.label(), other.label());
            }
        }
    }
}

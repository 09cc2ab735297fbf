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

/// A pill with the time in it: "Active · 82 days", "Expires in 3 days", "Expired 2 hours ago". The instant is its
/// tooltip, and follows for screen readers.
pub fn timed(status: Memo<Status>, expires: Signal<Option<Moment>>, now: Signal<i64>) -> AnyView {
    let words = memo(move || {
        let at = expires.with(|moment| moment.as_ref().map(|moment| moment.at));
        words(status.get(), at, now.get())
    });
    reactive(move || {
        let (status, words) = (status.get(), words.get());
        let instant = expires.with(|moment| moment.as_ref().map(|moment| moment.text.clone()));
        let title = instant.clone();
        fresh(view! {
            <span class=format!("pill {}", class(status)) title=title aria-live="off">
                {icon(status).draw()}
                <span>{words}</span>
                {instant.map(|instant| view! { <span class="visually-hidden">", " {instant}</span> })}
            </span>
        })
    })
}

fn words(status: Status, expires: Option<i64>, now: i64) -> String {
    let Some(at) = expires else {
        return status.label().to_owned();
    };
    let distance = relative(at, now);
    match status {
        Status::Active => "Active · ".to_owned() + distance.trim_start_matches("in "),
        Status::ExpiringSoon => "Expires ".to_owned() + &distance,
        Status::Expired => "Expired ".to_owned() + &distance,
    }
}

#[cfg(test)]
mod tests {
    use shared::DAY_MS;

    use super::*;

    #[test]
    fn the_pill_says_how_long() {
        let window = 14 * DAY_MS;
        let words = |days: Option<i64>| {
            let at = days.map(|days| days * DAY_MS);
            words(Status::at(at, 0, window), at, 0)
        };
        assert_eq!(words(None), "Active");
        assert_eq!(words(Some(82)), "Active · 82 days");
        assert_eq!(words(Some(3)), "Expires in 3 days");
        assert_eq!(words(Some(-2)), "Expired 2 days ago");
        assert_eq!(words(Some(0)), "Expired just now");
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

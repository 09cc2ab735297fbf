//! A key's status as a pill: icon, word and colour, the same three everywhere.

use leptos::prelude::*;
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

#[cfg(test)]
mod tests {
    use super::*;

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

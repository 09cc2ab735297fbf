//! Actions on keys that take one step, and the addresses of the pages of keys.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::forms::form::{press, then};
use crate::server_fns::keys::{CreateKey, ExpireKey};
use crate::ui::icon::Icon;
use crate::ui::reactive::reactive;
use crate::ui::standing::offers;
use crate::ui::toasts::Feedback;

/// The page with the table of keys.
pub const LIST: &str = "/preferences/api-control";
/// The page that creates a key.
pub const NEW_KEY: &str = "/preferences/api-control/new";

/// Returns the address of a key's page.
pub fn key_path(access_key: &str) -> String {
    format!("{LIST}/{access_key}")
}

/// Returns the address of the page that staggers the keys of a day, as the server writes it: `2027-05-01`.
#[cfg(feature = "ssr")]
pub fn stagger_path(day: &str) -> String {
    format!("{LIST}/stagger?day={day}")
}

/// The link to the page that creates a key, as the primary action of a page, where the session may.
pub fn create_key_link() -> AnyView {
    reactive(|| {
        let link = view! {
            <a class="button primary" href=NEW_KEY>
                {Icon::PLUS.draw()}
                "Create key"
            </a>
        };
        offers(CreateKey::PATH).then(|| link.into_any())
    })
}

/// Takes a key out of use, with Undo in the message.
#[component]
pub fn ExpireNow(access_key: String, label: &'static str, class: &'static str) -> impl IntoView {
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        feedback.changed_key(&answer.read()?);
        Ok(())
    });
    let key = ("access_key", access_key);
    press(ExpireKey::PATH, Some(key), label, class, done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_page_below_the_table() {
        let path = key_path("kh_0123456789ABCDEF");
        assert_eq!(path, "/preferences/api-control/kh_0123456789ABCDEF");
    }
}

//! The note on the outcome of a form without JavaScript.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::pasted::NOT_SEARCHED;

use super::icon::Icon;
use super::reactive::reactive;
use super::toasts::Feedback;

/// The note that the `done` parameter of the address asks for.
pub fn done_note() -> AnyView {
    let query = use_location().query;
    let noted = Feedback::get().noted;
    let text = move || query.with(|query| sentence(query.get_str("done").unwrap_or_default()));
    view! {
        {reactive(move || {
            text().filter(|_| noted.get()).map(|text| view! { <p class="note good" role="status">{Icon::CHECK.draw()} <span>{text}</span></p> })
        })}
    }
    .into_any()
}

/// The sentence for a value of the parameter.
fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some("Preferences saved."),
        "password" => Some("Password changed. You're signed out everywhere else."),
        "address" => Some("We sent a link to the new address. Open it to use that address."),
        "address-kept" => Some("Your address is unchanged."),
        "edited" => Some("Key saved."),
        "expired" => Some("Key expired. Restore it below to use it again."),
        "restored" => Some("New expiration saved."),
        "deleted" => Some("Key deleted."),
        "stages" => Some("Choice saved."),
        "recipient" => Some("We sent a confirmation link to the address."),
        "resent" => Some("We sent a new link."),
        "removed" => Some("The second recipient gets no more notices."),
        "calendar" => Some("The calendar has a new address. The old one no longer works."),
        "again" => Some("We'll send the email again."),
        "ended" => Some("Your session has ended. Sign in to continue where you left off."),
        "secret" => Some(NOT_SEARCHED),
        "reset" => Some("Password changed. Sign in with the new one."),
        _ => None,
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::server_fns::registry::{self, Done};

    /// A form without JavaScript is never answered by a page that says nothing about it. The pages that links in mails
    /// lead to have texts of their own.
    #[test]
    fn every_redirect_of_a_form_has_its_sentence() {
        let own = ["/forgot-password", "/confirm"];
        let mut found = 0;
        for function in registry::all() {
            let Done::Redirect(target) = function.done else {
                continue;
            };
            let Some((page, done)) = target.split_once("?done=") else {
                continue;
            };
            assert!(own.contains(&page) || sentence(done).is_some(), "{target}");
            found += 1;
        }
        assert!(found > 10, "only {found} redirects");
    }

    /// The redirects of the server and of the browser.
    #[test]
    fn other_redirects_have_their_sentences() {
        assert_eq!(
            sentence("ended"),
            Some("Your session has ended. Sign in to continue where you left off.")
        );
        assert_eq!(sentence("secret"), Some(NOT_SEARCHED));
        assert_eq!(sentence(""), None);
        assert_eq!(sentence("<b>"), None);
    }
}

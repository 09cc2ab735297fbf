//! The message on the outcome of a form without JavaScript, which its redirect names.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use shared::pasted::NOT_SEARCHED;

use super::icon::Icon;
use super::reactive::reactive;
use super::standing::offers;
use super::toasts::Feedback;
use crate::server_fns::keys::UndoChange;

/// Outcomes that say why one is on the page: a note in it. The others answer a form, as the messages of `toasts.rs` do.
const REASONS: [&str; 6] = [
    "ended",
    "lost",
    "signed-out",
    "account-deleted",
    "reset",
    "secret",
];

/// The message that the `done` parameter of the address asks for, with the undo of the change that `change` names.
pub fn done_note() -> AnyView {
    let location = use_location();
    let noted = Feedback::get().noted;
    let param = move |name: &'static str| {
        let query = location.query;
        query.with(|query| query.get_str(name).unwrap_or_default().to_owned())
    };
    let pathname = location.pathname;
    view! {
        {reactive(move || {
            let done = param("done");
            let text = sentence(&done).filter(|_| noted.get())?;
            // The page then says what to do.
            #[cfg(feature = "ssr")]
            let text = match use_context::<crate::site::WayBack>() {
                Some(_) if done == "ended" => "Your session has ended.",
                _ => text,
            };
            Some(
                if REASONS.contains(&done.as_str()) {
                    note(text, matches!(&*done, "ended" | "lost"))
                } else {
                    toast(text, param("change"), pathname.get_untracked())
                },
            )
        })}
    }
    .into_any()
}

fn note(text: &'static str, ended: bool) -> AnyView {
    // A session that ended is no success.
    let (class, icon) = if ended {
        ("note warn", Icon::CLOCK)
    } else {
        ("note good", Icon::CHECK)
    };
    view! {
        <div class=class>
            {icon.draw()} <span role="status">{text}</span>
        </div>
    }
    .into_any()
}

/// The link that closes it leads to the same page without the parameters.
fn toast(text: &'static str, change: String, here: String) -> AnyView {
    view! {
        <div class="told">
            <div class="toast">
                {Icon::CHECK.draw()} <p role="status">{text}</p> {undo(change)}
                <a class="button quiet compact" href=here>
                    {Icon::CLOSE.draw()}
                    <span class="visually-hidden">"Close this message"</span>
                </a>
            </div>
        </div>
    }
    .into_any()
}

/// The form that undoes a change; none without its handle.
fn undo(change: String) -> Option<AnyView> {
    let form = view! {
        <form method="post" action=UndoChange::PATH>
            <input type="hidden" name="change" value=change.clone() />
            <button type="submit" class="button quiet">
                "Undo"
            </button>
        </form>
    };
    (!change.is_empty() && offers(UndoChange::PATH)).then(|| form.into_any())
}

/// The sentence for a value of the parameter.
fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some("Preferences saved."),
        "password" => Some("Password changed. You're signed out everywhere else."),
        "address" => Some("We sent a link to the new address. Open it to use that address."),
        "address-kept" => Some("Your address is unchanged."),
        "session-ended" => Some("Session ended. That browser is signed out."),
        "sessions-ended" => Some("You're signed out everywhere else."),
        "account-deleted" => Some("Your account and its keys are deleted."),
        "edited" => Some("Key saved."),
        "expired" => Some("Key expired. Restore it below to use it again."),
        "restored" => Some("New expiration saved."),
        "deleted" => Some("Key deleted."),
        "changed" => Some("Keys changed."),
        "undone" => Some("Change undone."),
        "stages" => Some("Notice settings saved."),
        "recipient" => Some("We sent a confirmation link to the address."),
        "resent" => Some("We sent a new link."),
        "removed" => Some("The second recipient gets no more notices."),
        "calendar" => Some("The calendar has a new address. The old one no longer works."),
        "snooze" => Some("Snooze saved."),
        "staggered" => Some("The keys are spread over several days now."),
        "again" => Some("We'll send the email again."),
        "ended" => Some("Your session has ended. Sign in to continue where you left off."),
        "lost" => Some(
            "You came back from signing in without a session. Allow cookies for this site, then sign in again. If that doesn't help, ask where you sign in.",
        ),
        "signed-out" => Some("You're signed out."),
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
            let parts = target.split_once("?done=");
            let Some((page, done)) = parts.or_else(|| target.split_once("&done=")) else {
                continue;
            };
            let done = done.split(['#', '&']).next().unwrap_or_default();
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

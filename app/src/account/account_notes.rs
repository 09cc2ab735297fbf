//! Notes about the account itself, above the Dashboard until the owner dismisses them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::ClaimView;

use crate::forms::form::{press, then};
use crate::server_fns::overview::DismissClaim;
use crate::ui::icon::Icon;
use crate::ui::toasts::Feedback;

/// The note on a password reset that confirmed the address and expired the keys created before.
pub fn claim(claim: ClaimView) -> AnyView {
    let feedback = Feedback::get();
    let dismissed = then(move |_, _| {
        feedback.refresh();
        Ok(())
    });
    view! {
        <section class="note warn" aria-label="Account" data-testid="claim">
            {Icon::WARNING.draw()}
            <div>
                <p>
                    "This address was confirmed by a password reset on "
                    <time datetime=claim.at.rfc3339>{claim.at.text}</time> ". " {expired(claim.expired)}
                    "Someone else may have created the account, so restore only keys that you recognize."
                </p>
                <div class="choices">
                    <a href="/preferences/api-control?status=expired">"Expired keys"</a>
                    {press(DismissClaim::PATH, None, "Dismiss", "button quiet", dismissed)}
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// A sentence, and the blank after it.
fn expired(keys: i64) -> String {
    match keys {
        0 => "No key was in use. ".to_owned(),
        1 => "1 key created before was expired. ".to_owned(),
        keys => format!("{keys} keys created before were expired. "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_agrees_with_its_number() {
        assert_eq!(expired(0), "No key was in use. ");
        assert_eq!(expired(1), "1 key created before was expired. ");
        assert_eq!(expired(12), "12 keys created before were expired. ");
    }
}

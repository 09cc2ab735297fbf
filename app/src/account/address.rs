//! What the owner is asked to do about the account's address.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::AddressView;

use crate::forms::form::{Then, press, then};
use crate::server_fns::account::KeepAddress;
use crate::server_fns::notices::ResendConfirmation;
use crate::ui::icon::Icon;
use crate::ui::toasts::Feedback;

/// The address of the form.
pub const FORM: &str = "/preferences/account#address";

/// The note on an address that is not confirmed, or on a pending change.
pub fn note(address: &AddressView) -> Option<AnyView> {
    request(address).map(|(text, choices)| warning(text, choices))
}

/// What the owner is asked to do about an address that is not confirmed, with ways to confirm or correct it, or about a
/// pending change.
pub fn request(address: &AddressView) -> Option<(AnyView, AnyView)> {
    if let Some(pending) = address.pending.clone() {
        let kept = says("Your address is unchanged.");
        return Some((
            view! {
                "We sent a link to " <bdi>{pending}</bdi> ". Until you open it, this account keeps "
                <bdi>{address.email.clone()}</bdi> "."
            }
            .into_any(),
            press(
                KeepAddress::PATH,
                None,
                "Keep the old address",
                "button quiet",
                kept,
            ),
        ));
    }
    (!address.confirmed).then(|| {
        let resent = says("We sent you a new link. Earlier ones no longer work.");
        let account = Some(("recipient", "account".to_owned()));
        (
            view! {
                <bdi>{address.email.clone()}</bdi>
                " isn't confirmed yet. Open the link in the email we sent you, so that we know our warnings reach you."
            }
            .into_any(),
            view! {
                {press(ResendConfirmation::PATH, account, "Send again", "button quiet", resent)}
                <a href=FORM rel="external">"Wrong address?"</a>
            }
            .into_any(),
        )
    })
}

fn warning(text: AnyView, choices: AnyView) -> AnyView {
    view! {
        <section class="note warn" aria-label="Address to confirm" data-testid="address-note">
            {Icon::WARNING.draw()}
            <div>
                <p>{text}</p>
                <div class="choices">{choices}</div>
            </div>
        </section>
    }
    .into_any()
}

fn says(text: &'static str) -> Then {
    let feedback = Feedback::get();
    then(move |_, _| {
        feedback.changed(text);
        Ok(())
    })
}

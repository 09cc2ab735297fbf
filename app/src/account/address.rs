//! What the owner is asked to do about the account's address.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::AddressView;

use crate::forms::form::plain_press;
use crate::server_fns::account::KeepAddress;
use crate::server_fns::notices::ResendConfirmation;
use crate::ui::icon::Icon;

/// The address of the form.
pub const FORM: &str = "/preferences/account#address";

/// The sentence on an address that is not confirmed, or on a pending change.
pub fn sentence(address: &AddressView) -> Option<AnyView> {
    let email = address.email.clone();
    if let Some(pending) = address.pending.clone() {
        return Some(
            view! {
                "We sent a link to " <bdi>{pending}</bdi> ". Until you open it, this account keeps " <bdi>{email}</bdi> "."
            }
            .into_any(),
        );
    }
    (!address.confirmed).then(|| {
        view! {
            <bdi>{email}</bdi>
            " isn't confirmed yet. Open the link in the email we sent you, so that we know our warnings reach you."
        }
        .into_any()
    })
}

/// The note with the sentence, and with ways to confirm or correct the address.
pub fn note(address: &AddressView) -> Option<AnyView> {
    let text = sentence(address)?;
    let choices = if address.pending.is_some() {
        plain_press(
            KeepAddress::PATH,
            None,
            "Keep the old address",
            "button quiet",
        )
    } else {
        let account = Some(("recipient", "account".to_owned()));
        view! {
            {plain_press(ResendConfirmation::PATH, account, "Send again", "button quiet")}
            <a href=FORM>"Wrong address?"</a>
        }
        .into_any()
    };
    Some(
        view! {
            <section class="note warn" aria-label="Address to confirm" data-testid="address-note">
                {Icon::WARNING.draw()}
                <div>
                    <p>{text}</p>
                    <div class="choices">{choices}</div>
                </div>
            </section>
        }
        .into_any(),
    )
}

//! The account's address: its state, and the form to change it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::FieldErrors;
use shared::view::AddressView;

use crate::forms::field::{self, PasswordField, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, Then, press, then};
use crate::server_fns::account::{ChangeAddress, KeepAddress};
use crate::server_fns::notices::ResendConfirmation;
use crate::ui::icon::Icon;
use crate::ui::reactive::{fresh, reactive};
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
                " is not confirmed yet. Open the link in the email we sent you, so that we can warn you before keys expire."
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

/// The section with the state of the address and the form to change it.
pub fn section(address: Memo<AddressView>) -> AnyView {
    let feedback = Feedback::get();
    // A new form replaces the old one after a success, which clears the typed password.
    let changes = RwSignal::new(0);
    view! {
        <section class="card" id="address" aria-labelledby="address-title">
            <h2 id="address-title">"E-mail address"</h2>
            {reactive(move || {
                feedback.catch_focus();
                address.with(note)
            })}
            {reactive(move || {
                changes.track();
                fresh(form(changes))
            })}
        </section>
    }
    .into_any()
}

fn form(changes: RwSignal<u32>) -> AnyView {
    let state = FormState::new(ChangeAddress::PATH);
    let feedback = Feedback::get();
    let asked = then(move |_, _| {
        feedback.changed("We sent a link to the new address. Open it to use that address.");
        changes.update(|changes| *changes += 1);
        Ok(())
    });
    view! {
            <Form
                state=state
                check=check
                then=asked
            >
                <TextField
                    state=state
                    name="email"
                    label="New address"
                    kind="email"
                    autocomplete="email"
                    help="We send it a link. Your account uses the new address once you open the link. We also tell the current address."
                />
                <PasswordField
                    state=state
                    name="current_password"
                    label="Your password"
                    autocomplete="current-password"
                />
                <Submit state=state label="Change address" />
            </Form>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    field::check_email(&mut errors, "email", fields);
    if fields.text("current_password").is_empty() {
        errors.add("current_password", "Enter your current password.");
    }
    errors
}

fn says(text: &'static str) -> Then {
    let feedback = Feedback::get();
    then(move |_, _| {
        feedback.changed(text);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_the_address_and_the_password() {
        let errors = check(&Fields::given(&[]));
        assert_eq!(errors.get("email"), Some("Enter your email address."));
        let password = errors.get("current_password");
        assert_eq!(password, Some("Enter your current password."));
        // A password of blanks is one.
        let full = Fields::given(&[("email", "ada@example.org"), ("current_password", " ")]);
        assert!(check(&full).is_empty());
    }
}

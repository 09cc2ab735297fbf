//! The account's address: its state, and the form to change it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::AddressView;

use crate::account::address::note;
use crate::forms::field::{PasswordField, TextField};
use crate::forms::form::{Form, FormState, Submit};
use crate::pages::setting::setting;
use crate::server_fns::account::ChangeAddress;
use crate::ui::icon::Icon;

pub fn section(address: &AddressView) -> AnyView {
    let about = view! {
        "You sign in with it, and it gets every email about your keys. "
        <a href="/preferences/notices">"Choose which emails"</a>
    };
    let card = view! {
        <p class="present">
            <bdi class="strong">{address.email.clone()}</bdi> {state(address.confirmed)}
        </p>
        {note(address)}
        {form()}
    };
    setting(
        "address",
        "Email address",
        about.into_any(),
        card.into_any(),
    )
}

fn state(confirmed: bool) -> AnyView {
    let (class, icon, word) = if confirmed {
        ("pill active", Icon::CHECK, "Confirmed")
    } else {
        ("pill expiring", Icon::CLOCK, "Not confirmed")
    };
    view! { <span class=class>{icon.draw()} {word}</span> }.into_any()
}

fn form() -> AnyView {
    let state = FormState::new(ChangeAddress::PATH);
    view! {
        <Form state=state>
            <TextField
                state=state
                name="email"
                label="New address"
                kind="email"
                autocomplete="email"
                help="We send it a link, and tell your current address. Nothing changes until you open the link."
            />
            <PasswordField state=state name="current_password" label="Your password" autocomplete="current-password" />
            <Submit state=state label="Change address" />
        </Form>
    }
    .into_any()
}

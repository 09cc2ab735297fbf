//! The form to change the password.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation;

use crate::forms::field::PasswordField;
use crate::forms::form::{Form, FormState, Submit};
use crate::pages::setting::setting;
use crate::server_fns::account::ChangePassword;

pub fn section(email: String) -> AnyView {
    let about = "A new password signs you out everywhere else. Your keys keep working.";
    let card = form(email);
    setting("password", "Password", about.into_any(), card)
}

fn form(email: String) -> AnyView {
    let state = FormState::new(ChangePassword::PATH);
    view! {
        <Form state=state>
            // Without a name it is not sent: it tells password managers whose password this is.
            <input type="email" autocomplete="username" value=email readonly hidden />
            <PasswordField
                state=state
                name="current_password"
                label="Current password"
                autocomplete="current-password"
            />
            <PasswordField
                state=state
                name="new_password"
                label="New password"
                autocomplete="new-password"
                help=format!("At least {} characters.", validation::PASSWORD_MIN_CHARS)
            />
            <Submit state=state label="Change password" />
        </Form>
    }
    .into_any()
}

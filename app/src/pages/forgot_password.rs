//! Forgotten password: the form that asks for a link to set a new one.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::mail_link::{gate, query};
use crate::forms::field::TextField;
use crate::forms::form::{Form, FormState, Submit, then};
use crate::server_fns::links::ForgotPassword;
use crate::site::SignInAt;
use crate::ui::head::PageHead;

/// Asks for a link to a new password.
#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    let content = if query("done") == "sent" {
        view! {
            <PageHead title="Check your inbox" />
            <p>
                "If there's an account with this address, we've sent it a link to set a new password. The link works once, within an hour."
            </p>
            <p class="muted">"No email? Check your spam folder, or " <a href="/forgot-password">"try again"</a> "."</p>
        }
        .into_any()
    } else {
        let state = FormState::new(ForgotPassword::PATH);
        view! {
            <PageHead title="Forgot your password?" />
            <p>"Enter your email address, and we'll send you a link to set a new password."</p>
            {SignInAt::get()
                .map(|company| {
                    let question = format!("Do you sign in at {}? Then your password is ", company.host());
                    view! {
                        <p class="muted">{question} <a href=company.leading_to("/")>"the one there"</a> "."</p>
                    }
                        .into_any()
                })}
            <Form state=state then=then(|_, _| Ok(()))>
                <TextField state=state name="email" label="Email" kind="email" autocomplete="username" />
                <Submit state=state label="Send link" />
            </Form>
        }
        .into_any()
    };
    gate(view! { {content} <p><a href="/sign-in">"Back to sign-in"</a></p> }.into_any())
}

//! New password: the page that the link in a reset mail leads to.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::mail::LinkPurpose;
use shared::validation;

use super::mail_link::linked;
use crate::forms::field::PasswordField;
use crate::forms::form::{Form, FormState, Submit, then};
use crate::server_fns::links::ResetPassword;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;

/// Sets a new password.
#[component]
pub fn ResetPasswordPage() -> impl IntoView {
    let state = FormState::new(ResetPassword::PATH);
    linked(state, move |link, token| {
        (link.purpose == LinkPurpose::ResetPassword).then(|| {
            let claims = (!link.owned).then(|| {
                view! {
                    <p class="note warn">
                        {Icon::WARNING.draw()}
                        <span>
                            "This address wasn't confirmed from a browser signed in to the account, so someone else may have created it. Setting a new password confirms the address and expires the API keys created before. You can restore the ones you recognize."
                        </span>
                    </p>
                }
            });
            view! {
                <PageHead title="Set a new password" />
                {claims}
                <Form state=state then=then(|_, _| Ok(()))>
                    <input type="hidden" name="token" value=token />
                    // Without a name it is not sent: it tells password managers whose password this is.
                    <input type="email" autocomplete="username" value=link.account.clone() readonly hidden />
                    <p>"For the account " <bdi class="quoted">{link.account}</bdi></p>
                    <PasswordField
                        state=state
                        name="new_password"
                        label="New password"
                        autocomplete="new-password"
                        help=format!(
                            "At least {} characters. You'll be signed out everywhere, and sign in with the new password.",
                            validation::PASSWORD_MIN_CHARS,
                        )
                    />
                    <Submit state=state label="Set new password" />
                </Form>
            }
            .into_any()
        })
    })
}

//! The sign-in page.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use shared::redirect::local_path;
use shared::sign_in_url::SignInUrl;
use shared::validation::FieldErrors;

use crate::brand::mark;
use crate::client::browser;
use crate::forms::field::{self, PasswordField, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, then};
use crate::forms::form_replay::Replay;
use crate::server_fns::account::SignIn;
#[cfg(feature = "ssr")]
use crate::site::WayBack;
use crate::site::{SignInAt, SignUpOpen};
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;

#[component]
pub fn SignInPage() -> impl IntoView {
    let state = FormState::new(SignIn::PATH);
    let next = use_location()
        .query
        .with_untracked(|query| local_path(query.get_str("next").unwrap_or_default()).to_owned());
    let done = then(|fields, _| {
        browser::load_at_part(local_path(&fields.text("next")));
        Ok(())
    });
    let company = SignInAt::get().map(|company| {
        let href = company.leading_to(&next);
        way_there(href, &company)
    });
    #[cfg(feature = "ssr")]
    let company = company.or_else(|| use_context::<WayBack>().map(way_back));
    let with_password = view! {
        <Form state=state check=check then=done>
            <input type="hidden" name="next" value=state.value("next", next) />
            <TextField
                state=state
                name="email"
                label="Email"
                kind="email"
                autocomplete="username"
                required=true
                autofocus=true
            />
            <PasswordField state=state name="password" label="Password" autocomplete="current-password" />
            <Submit state=state label="Sign in" slow="Signing in…" />
        </Form>
        <p>
            <a href="/forgot-password" rel="external">
                "Forgot your password?"
            </a>
        </p>
        {SignUpOpen::get()
            .then(|| view! { <p>"No account yet? " <a href="/sign-up">"Create your account"</a></p> }.into_any())}
    }
    .into_any();
    let ways = match company {
        None => with_password,
        // Few accounts have a password there. What was typed shows at once.
        Some(company) => view! {
            {company}
            <details class="other-way" open=Replay::of(SignIn::PATH).is_some()>
                <summary>"Sign in with a password"</summary>
                {with_password}
            </details>
        }
        .into_any(),
    };
    view! {
        <div class="gate">
            {mark()} <PageHead title="Sign in" />
            <p class="muted">"Create, label, expire and restore the API keys of your programs."</p> {done_note()} {ways}
        </div>
    }
    .into_any()
}

#[cfg(feature = "ssr")]
fn way_back(WayBack(back): WayBack) -> AnyView {
    view! {
        <p>"You came here from your app. Open your API keys there again, to continue where you left off."</p>
        <a class="button primary" href=back.href rel="external">
            {back.text}
        </a>
    }
    .into_any()
}

/// The link to the company's sign-in page.
pub fn way_there(href: String, company: &SignInUrl) -> AnyView {
    let label = format!("Sign in at {}", company.host());
    view! {
        <a class="button primary" href=href rel="external">
            {label}
        </a>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    field::check_email(&mut errors, "email", fields);
    if fields.text("password").is_empty() {
        errors.add("password", "Enter your password.");
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_needs_an_address_and_a_password() {
        let errors = check(&Fields::given(&[("email", "ada")]));
        assert_eq!(errors.get("email"), Some("This isn't an email address."));
        assert_eq!(errors.get("password"), Some("Enter your password."));
        let full = Fields::given(&[("email", "ada@example.com"), ("password", "short")]);
        assert!(check(&full).is_empty());
    }
}

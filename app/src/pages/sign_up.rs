//! The sign-up page. The account comes with a default key, whose secret this page shows once.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::{self, FieldErrors};
use shared::view::IssuedKey;

use crate::brand::mark;
use crate::client::browser;
use crate::forms::field::{self, PasswordField, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, Then, then};
use crate::forms::form_replay::Replay;
use crate::keys::issued::issued_card;
use crate::pages::sign_in::way_there;
use crate::server_fns::account::SignUp;
use crate::site::{SignInAt, SignUpOpen};
use crate::ui::head::PageHead;
use crate::ui::reactive::{effect, reactive};

/// The time zone of an account created without JavaScript, until it is changed.
const DEFAULT_ZONE: &str = "UTC";

#[component]
pub fn SignUpPage() -> impl IntoView {
    let issued =
        RwSignal::new(Replay::of(SignUp::PATH).and_then(|replay| replay.answer::<IssuedKey>()));
    let done = then(move |_, answer| {
        issued.set(Some(answer.read()?));
        Ok(())
    });
    view! {
        <div class="gate" class:wide=move || issued.with(Option::is_some)>
            {mark()}
            {reactive(move || match issued.get() {
                Some(key) => welcome(key),
                None if SignUpOpen::get() => form(done.clone()),
                None => closed(),
            })}
        </div>
    }
    .into_any()
}

fn welcome(issued: IssuedKey) -> AnyView {
    view! {
        <PageHead title="Your account is ready" />
        <p>"You're signed in. We sent you an email. Open the link in it to confirm your address."</p>
        <p>"Your account comes with one API key. It doesn't expire unless you set an expiration."</p>
        {issued_card(issued, "/", "Go to Dashboard", true)}
    }
    .into_any()
}

/// The page of a site on which only the operator creates accounts.
fn closed() -> AnyView {
    view! {
        <PageHead title="Sign-up is closed" />
        {match SignInAt::get() {
            None => {
                view! { <p class="muted">"The operator of this site creates its accounts. Ask there for one."</p> }.into_any()
            }
            Some(company) => {
                let text = format!("Your account here comes with the one at {}.", company.host());
                view! {
                    <p class="muted">{text}</p>
                    {way_there(company.leading_to("/"), &company)}
                }
                    .into_any()
            }
        }}
        <p>"Already have an account? " <a href="/sign-in">"Sign in"</a></p>
    }
    .into_any()
}

fn form(done: Then) -> AnyView {
    let state = FormState::new(SignUp::PATH);
    let zone = NodeRef::<html::Input>::new();
    let zones = NodeRef::<html::Datalist>::new();
    effect(move || {
        if let Some(input) = zone.get()
            && [String::new(), DEFAULT_ZONE.to_owned()].contains(&input.value())
            && let Some(name) = browser::time_zone()
        {
            input.set_value(&name);
        }
        if let (Some(list), Some(options)) = (zones.get(), browser::time_zone_options()) {
            list.set_inner_html(&options);
        }
    });
    view! {
        <PageHead title="Create your account" />
        <p class="muted">"Your account holds the API keys of all your programs. It comes with a first key, ready to use."</p>
        <Form state=state check=check then=done>
            <TextField
                state=state
                name="email"
                label="Email"
                kind="email"
                autocomplete="username"
                required=true
                autofocus=true
            />
            <PasswordField
                state=state
                name="password"
                label="Password"
                autocomplete="new-password"
                help=format!("At least {} characters. A sentence is a good password.", validation::PASSWORD_MIN_CHARS)
            />
            <TextField
                state=state
                name="time_zone"
                label="Time zone"
                value=DEFAULT_ZONE
                required=true
                list="time-zones"
                node_ref=zone
                help="For dates on pages and in emails, such as Europe/Berlin. You can change it later."
            />
            <datalist id="time-zones" node_ref=zones></datalist>
            <Submit state=state label="Create account" slow="Creating your account…" />
        </Form>
        <p>"Already have an account? " <a href="/sign-in">"Sign in"</a></p>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    field::check_email(&mut errors, "email", fields);
    errors.check(
        "password",
        validation::new_password(&fields.text("password")),
    );
    if fields.text("time_zone").trim().is_empty() {
        errors.add(
            "time_zone",
            "Enter a time zone, such as Europe/Berlin or UTC.",
        );
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_up_needs_an_address_a_password_and_a_zone() {
        let errors = check(&Fields::given(&[("time_zone", " ")]));
        assert_eq!(errors.get("email"), Some("Enter your email address."));
        assert_eq!(errors.get("password"), Some("Choose a password."));
        assert_eq!(
            errors.get("time_zone"),
            Some("Enter a time zone, such as Europe/Berlin or UTC.")
        );
        let full = Fields::given(&[
            ("email", "ada@example.com"),
            ("password", "correct horse"),
            ("time_zone", DEFAULT_ZONE),
        ]);
        assert!(check(&full).is_empty());
    }
}

//! The page that creates a key. Its answer is the only place that ever shows the secret.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::{self, FieldErrors};
use shared::view::IssuedKey;

use crate::forms::expiration::{self, Choice, Expiration};
use crate::forms::field::{TextArea, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, Then, then};
use crate::forms::form_replay::Replay;
use crate::keys::issued::IssuedCard;
use crate::keys::key_actions::LIST;
use crate::server_fns::keys::CreateKey;
use crate::ui::answer::answered;
use crate::ui::head::PageHead;
use crate::ui::layout::Account;
use crate::ui::reactive::reactive;

#[component]
pub fn NewKeyPage() -> impl IntoView {
    let account = expect_context::<Account>();
    let issued =
        RwSignal::new(Replay::of(CreateKey::PATH).and_then(|replay| replay.answer::<IssuedKey>()));
    let done = then(move |_, answer| {
        issued.set(Some(answer.read()?));
        Ok(())
    });
    view! {
        <p class="crumbs">
            <a href=LIST>"API Control"</a>
        </p>
        <PageHead title="Create key" />
        {reactive(move || {
            if let Some(key) = issued.get() {
                return view! { <IssuedCard issued=key next=LIST next_label="Back to API Control" /> }.into_any();
            }
            let done = done.clone();
            answered(account, move |account| form(account.time_zone, done.clone()))
        })}
    }
    .into_any()
}

fn form(time_zone: String, done: Then) -> AnyView {
    let state = FormState::new(CreateKey::PATH);
    view! {
        <section class="card">
            <Form state=state check=check then=done>
                <TextField
                    state=state
                    name="name"
                    label="Name"
                    help="Where you use it, such as “Billing service”. You can change it later."
                />
                <TextArea
                    state=state
                    name="description"
                    label="Description"
                    help="Optional. For example its owner, and what depends on it."
                />
                <Expiration state=state choice=Choice::fresh(state) time_zone=time_zone />
                <div class="row">
                    <Submit state=state label="Create key" slow="Creating the key…" />
                    <a class="button quiet" href=LIST>
                        "Cancel"
                    </a>
                </div>
            </Form>
        </section>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    validation::key_form(
        &fields.text("name"),
        &fields.text("description"),
        &expiration::chosen(fields),
    )
    .err()
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_needs_a_name_and_an_expiration() {
        let errors = check(&Fields::given(&[("name", " "), ("expiry", "date")]));
        assert_eq!(errors.get("name"), Some("Give the key a name."));
        assert_eq!(errors.get("expiry"), Some("Choose when the key expires."));
        assert_eq!(errors.get("description"), None);
        let full = Fields::given(&[("name", "Cron"), ("expiry", "never")]);
        assert!(check(&full).is_empty());
    }
}

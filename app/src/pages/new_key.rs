//! The page that creates a key. Its answer is the only place that ever shows the secret. In a wide window the newest keys
//! stand beside the form.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::{self, DESCRIPTION_MAX_CHARS, FieldErrors, NAME_MAX_CHARS};
use shared::view::{IssuedKey, KeyPage, KeyView};

use crate::client::browser;
use crate::client::call::{Query, query};
use crate::forms::expiry_select::{PRESELECTED, chosen, expiry_select};
use crate::forms::field::{TextArea, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, Then, then};
use crate::forms::form_replay::Replay;
use crate::keys::issued::issued_card;
use crate::keys::key_actions::{LIST, NEW_KEY, key_path};
use crate::server_fns::keys::{CreateKey, ListKeys};
use crate::ui::answer::answered;
use crate::ui::head::PageHead;
use crate::ui::hydrated::Hydrated;
use crate::ui::layout::Account;
use crate::ui::reactive::{effect, reactive};
use crate::ui::standing::allows;
use crate::ui::status;
use crate::ui::toasts::Feedback;

/// The keys beside the form: about as many as fit beside it.
const SHOWN: usize = 10;

type Issued = RwSignal<Option<IssuedKey>>;

#[component]
pub fn NewKeyPage() -> impl IntoView {
    let account = expect_context::<Account>();
    let issued: Issued =
        RwSignal::new(Replay::of(CreateKey::PATH).and_then(|replay| replay.answer::<IssuedKey>()));
    let feedback = Feedback::get();
    let sees = allows(ListKeys::PATH);
    let keys = sees.then(|| query::<ListKeys>(Vec::new, Some(feedback.revision)));
    let newest = move || keys.map(|keys| newest(keys, issued));
    let (next, next_label) = if sees {
        (LIST, "Back to API Control")
    } else {
        (NEW_KEY, "Create another key")
    };
    let done = then(move |_, answer| {
        issued.set(Some(answer.read()?));
        feedback.replaced();
        feedback.refresh();
        Ok(())
    });
    let body = move || {
        if let Some(key) = issued.get() {
            let title = [&key.name, " is ready"].concat();
            let heading = view! {
                <bdi>{key.name.clone()}</bdi>
                " is ready"
            };
            return view! {
                <PageHead title=title heading=heading.into_any() />
                <div class="with-list">
                    {issued_card(key, next, next_label, !sees)} {newest()}
                </div>
            }
            .into_any();
        }
        let done = done.clone();
        view! {
            <PageHead title="Create key" />
            <div class="with-list">
                {answered(account, move |account| form(&account.time_zone, done.clone()))} {newest()}
            </div>
        }
        .into_any()
    };
    let crumbs = sees.then(|| view! { <a href=LIST>"API Control"</a> });
    view! {
        <p class="crumbs">{crumbs}</p>
        {reactive(body)}
    }
    .into_any()
}

fn form(time_zone: &str, done: Then) -> AnyView {
    let state = FormState::new(CreateKey::PATH);
    let hydrated = Hydrated::get();
    if hydrated.get_untracked() {
        // The browser heeds `autofocus` on pages that it loads.
        effect(|| browser::focus_soon("[autofocus]"));
    }
    let expiration = expiry_select(state, "Expiration", time_zone, PRESELECTED, None);
    view! {
        <section class="card">
            <Form state=state check=check then=done>
                // Without script the answer can be reloaded, which sends the form again. The script needs no token.
                <input type="hidden" name="form_token" value=token() disabled=move || hydrated.get() />
                <TextField
                    state=state
                    name="name"
                    label="Name"
                    required=true
                    autofocus=true
                    limit=NAME_MAX_CHARS
                    help="Where you use it, such as “Billing service”. Up to 80 characters."
                />
                <TextArea
                    state=state
                    name="description"
                    label="Description"
                    limit=DESCRIPTION_MAX_CHARS
                    help="Optional. For example its owner, and what depends on it. Up to 500 characters."
                />
                {expiration}
                <div class="row">
                    <Submit state=state label="Create key" slow="Creating the key…" />
                    {allows(ListKeys::PATH).then(|| view! {
                        <a class="button quiet" href=LIST>
                            "Cancel"
                        </a>
                    })}
                </div>
            </Form>
        </section>
    }
    .into_any()
}

/// The token of this form, which only the server draws.
fn token() -> String {
    #[cfg(feature = "ssr")]
    {
        let vault = crate::server_fns::context::RequestContext::current().vault;
        // Without random numbers no key can be created anyway.
        vault.form_token().unwrap_or_default()
    }
    #[cfg(not(feature = "ssr"))]
    String::new()
}

/// The newest keys, which the style shows in a wide window. A key that was just created flashes once.
fn newest(keys: Query<KeyPage>, issued: Issued) -> AnyView {
    answered(keys, move |page| {
        let KeyPage {
            keys, now, window, ..
        } = page;
        if keys.is_empty() {
            return ().into_any();
        }
        let total = page.counts.total();
        let all = (total > 1).then(|| view! { <a href=LIST>"All " {total} " keys"</a> }.into_any());
        let new = issued.with(|issued| issued.as_ref().map(|key| key.access_key.clone()));
        let line = |key: KeyView| line(key, now, window, new.as_ref());
        let lines: Vec<AnyView> = keys.into_iter().take(SHOWN).map(line).collect();
        view! {
            <section class="card newest" aria-labelledby="newest-title">
                <h2 id="newest-title">"Your newest keys"</h2>
                <ul>{lines}</ul>
                {all}
            </section>
        }
        .into_any()
    })
}

fn line(key: KeyView, now: i64, window: i64, new: Option<&String>) -> AnyView {
    let now = Signal::stored(now);
    let state = status::of(&key, now, window);
    let whole = key.name.clone();
    view! {
        <li class:new=new == Some(&key.access_key)>
            <a href=key_path(&key.access_key) title=whole>
                <bdi>{key.name}</bdi>
            </a>
            {status::timed(state, Signal::stored(key.expires), now)}
        </li>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    validation::key_form(
        &fields.text("name"),
        &fields.text("description"),
        &chosen(fields),
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

    #[test]
    fn the_help_names_the_limits() {
        assert_eq!((NAME_MAX_CHARS, DESCRIPTION_MAX_CHARS), (80, 500));
    }
}

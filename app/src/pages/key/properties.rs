//! The properties of the key: name and description, which one form edits, and its dates.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::{self, DESCRIPTION_MAX_CHARS, FieldErrors, NAME_MAX_CHARS};
use shared::view::Changed;

use super::{Shown, step, stepped};
use crate::client::browser;
use crate::forms::field::{TextArea, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, then};
use crate::server_fns::keys::EditKey;
use crate::ui::moment;
use crate::ui::reactive::reactive;
use crate::ui::standing::allows;
use crate::ui::toasts::Feedback;

pub fn properties(key: Shown) -> AnyView {
    let state = FormState::of_form(EditKey::PATH, |sent| sent.field("name").is_some());
    view! {
        <section class="card properties" aria-labelledby="edit-title">
            <h2 id="edit-title">"Properties"</h2>
            {if allows(EditKey::PATH) { form(key, state) } else { texts(key) }} {facts(key, state)}
        </section>
    }
    .into_any()
}

/// The description, for a session that may not edit it. The name is the page's title.
fn texts(key: Shown) -> AnyView {
    reactive(move || {
        let description = key.detail.with(|detail| detail.key.description.clone());
        (!description.is_empty())
            .then(|| view! { <p class="description">{description}</p> }.into_any())
    })
}

fn form(key: Shown, state: FormState) -> AnyView {
    let detail = key.detail;
    let feedback = Feedback::get();
    let first = detail.with_untracked(|detail| detail.key.clone());
    let version = state.versioned(first.version);
    // The stored texts that the fields began with.
    let begun = StoredValue::new([first.name.clone(), first.description.clone()]);
    let ids = [state.id("name"), state.id("description")];
    // The form is based on the state that the page shows, unless a field holds typed text and the stored one has changed.
    Effect::new(move |before: Option<()>| {
        let (stored, version) = detail.with(|detail| {
            let key = &detail.key;
            (
                [key.name.clone(), key.description.clone()],
                key.version.clone(),
            )
        });
        if before.is_none() {
            return;
        }
        let mut based = true;
        begun.update_value(|begun| {
            for ((id, begun), stored) in ids.iter().zip(begun).zip(stored) {
                if *begun == stored || browser::replace_text(id, begun, &stored) {
                    *begun = stored;
                } else {
                    based = false;
                }
            }
        });
        if based {
            state.version.set(version);
        }
    });
    Effect::new(move |_| {
        let based = state.version.get_untracked();
        let version = stepped(key.moved, based.clone());
        if version != based {
            state.version.set(version);
        }
    });
    let done = then(move |fields, answer| {
        let change: Changed = answer.read()?;
        step(key.edited, &fields, &change);
        let description = validation::key_description(&fields.text("description"));
        begun.set_value([change.name.clone(), description.unwrap_or_default()]);
        let _ = state.version.try_set(change.version.clone());
        feedback.changed_key(&change);
        Ok(())
    });
    view! {
        <Form state=state check=check then=done>
            <input type="hidden" name="access_key" value=first.access_key />
            {version}
            <TextField state=state name="name" label="Name" value=first.name required=true limit=NAME_MAX_CHARS />
            <TextArea state=state name="description" label="Description" value=first.description help="Optional." limit=DESCRIPTION_MAX_CHARS />
            <Submit state=state label="Save changes" class="button" />
        </Form>
    }
    .into_any()
}

pub(super) fn check(fields: &Fields) -> FieldErrors {
    validation::key_change(
        Some(&fields.text("name")),
        Some(&fields.text("description")),
        None,
    )
    .err()
    .unwrap_or_default()
}

fn facts(key: Shown, state: FormState) -> AnyView {
    let Shown { detail, now, .. } = key;
    let (created, made_by) =
        detail.with_untracked(|detail| (detail.key.created.clone(), detail.made_by.clone()));
    // After a conflict: the stored expiration, beside the other fields that say what is stored.
    let error = state.error("expiry");
    view! {
        <dl class="facts">
            <div>
                <dt>"Expires"</dt>
                <dd>
                    {reactive(move || moment::instant(detail.with(|detail| detail.key.expires.clone())))}
                    {reactive(move || error.get().map(|message| view! { <span class="help wrong">{message}</span> }.into_any()))}
                </dd>
            </div>
            <div>
                <dt>"Last used"</dt>
                <dd>{reactive(move || moment::last_use(detail.with(|detail| detail.key.used.clone()), now))}</dd>
            </div>
            <div>
                <dt>"Created"</dt>
                <dd>{moment::when(created, now)}</dd>
            </div>
            {(!made_by.is_empty())
                .then(|| {
                    view! {
                        <div>
                            <dt>"Made by"</dt>
                            <dd>
                                <bdi>{made_by}</bdi>
                            </dd>
                        </div>
                    }
                        .into_any()
                })}
        </dl>
    }
    .into_any()
}

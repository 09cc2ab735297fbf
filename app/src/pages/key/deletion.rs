//! The deletion of the key: a dialog, which names the last use and the callers and offers to expire the key first.
//! Without JavaScript the same element is a section at the end of the page.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::DAY_MS;
use shared::usage::CallerView;
use shared::validation::FieldErrors;
use shared::view::{Changed, KeyDetail};

use super::{Shown, usage};
use crate::client::browser;
use crate::forms::field::TextField;
use crate::forms::form::{Fields, Form, FormState, Submit, then};
use crate::keys::key_actions::LIST;
use crate::server_fns::keys::{DeleteKey, ExpireKey};
use crate::ui::hydrated::Hydrated;
use crate::ui::menus;
use crate::ui::moment;
use crate::ui::reactive::reactive;
use crate::ui::toasts::Feedback;

/// A caller whose last call is longer ago is not mentioned.
const RECENT_MS: i64 = 7 * DAY_MS;

/// What a deletion means, and the request for the name, which follows.
pub const IRREVERSIBLE: (&str, &str) = (
    "You can't restore a deleted key.",
    " Programs that still use it stop working. To confirm, type its name: ",
);

/// Returns the callers of the last days.
pub fn recent_callers(detail: &KeyDetail) -> impl Iterator<Item = &CallerView> {
    let callers = detail.callers.iter();
    callers.filter(|caller| detail.now - caller.seen.at < RECENT_MS)
}

/// Opens the dialog, with the focus in the field of the name.
pub fn open(dialog: &web_sys::HtmlDialogElement) {
    menus::close_open(|_| false);
    // Fails only for a dialog that is open already, or no longer on the page.
    let _ = dialog.show_modal();
    // Without this the title has it. No attribute does it: it would also move the page without script.
    if let Ok(Some(field)) = dialog.query_selector("input[name^=confirm]") {
        browser::focus(&field);
    }
}

/// The entry of the menu that opens the dialog. Without JavaScript it leads to the section.
pub fn link(dialog: NodeRef<html::Dialog>) -> AnyView {
    let press = move |event: leptos::ev::MouseEvent| {
        if let Some(dialog) = dialog.get_untracked() {
            event.prevent_default();
            open(&dialog);
        }
    };
    view! {
        <a class="button quiet danger" href="#delete" rel="external" on:click=press>
            "Delete…"
        </a>
    }
    .into_any()
}

pub fn dialog(key: Shown, dialog: NodeRef<html::Dialog>) -> AnyView {
    let Shown {
        detail,
        name,
        expired,
        ..
    } = key;
    let access_key = detail.with_untracked(|detail| detail.key.access_key.clone());
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let for_expire = access_key.clone();
    let expire = move || (!expired.get()).then(|| expire_instead(for_expire.clone(), close));
    view! {
        <dialog id="delete" class="dialog" closedby="any" aria-labelledby="delete-title" node_ref=dialog>
            // Its parts are boxes, between which its name would have blanks.
            <h2
                id="delete-title"
                class="about"
                tabindex="-1"
                aria-label=move || format!("Delete {}?", name.get())
            >
                "Delete "
                <bdi title=move || name.get()>{reactive(move || name.get())}</bdi>
                "?"
            </h2>
            {reactive(move || last_use(key))}
            {reactive(expire)}
            {confirmation(access_key, name, close)}
        </dialog>
    }
    .into_any()
}

/// The last use of the key, and its callers of the last days.
fn last_use(key: Shown) -> AnyView {
    let Shown { detail, now, .. } = key;
    let (used, callers) = detail.with(|detail| {
        let callers: Vec<_> = recent_callers(detail).cloned().collect();
        (detail.key.used.clone(), callers)
    });
    let caller = |caller: CallerView| {
        let (address, agent) = usage::named(&caller);
        view! {
            <li>
                <bdi class="address">{address}</bdi>
                <bdi class="agent">{agent}</bdi>
                {moment::ago(caller.seen, now)}
            </li>
        }
    };
    let used = match used {
        Some(moment) => view! { <p>"Last used " {moment::ago(moment, now)} "."</p> }.into_any(),
        None => view! { <p>"It has never been used."</p> }.into_any(),
    };
    let callers = (!callers.is_empty()).then(|| {
        view! {
            <p>"These programs called with it in the last 7 days:"</p>
            <ul class="callers">{callers.into_iter().map(caller).collect_view()}</ul>
        }
    });
    view! {
        {used}
        {callers}
    }
    .into_any()
}

/// The offer to only stop the key, which can be undone.
fn expire_instead(access_key: String, close: impl Fn() + Send + Sync + 'static) -> AnyView {
    let state = FormState::of_one(ExpireKey::PATH, "access_key", &access_key);
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        let change: Changed = answer.read()?;
        close();
        feedback.changed_key(&change);
        Ok(())
    });
    view! {
        <Form state=state then=done class="instead">
            <p>"To only stop it, expire it. You can undo that."</p>
            <input type="hidden" name="access_key" value=access_key />
            <Submit state=state label="Expire instead" slow="Just a moment…" class="button" />
        </Form>
    }
    .into_any()
}

fn confirmation(
    access_key: String,
    name: Memo<String>,
    close: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    let state = FormState::new(DeleteKey::PATH);
    let feedback = Feedback::get();
    let hydrated = Hydrated::get();
    let navigate = use_navigate();
    let done = then(move |_, answer| {
        let change: Changed = answer.read()?;
        feedback.say_there(change.sentence());
        navigate(
            LIST,
            NavigateOptions {
                replace: true,
                ..NavigateOptions::default()
            },
        );
        Ok(())
    });
    view! {
        <Form state=state check=check then=done>
            <p>
                <strong>{IRREVERSIBLE.0}</strong>
                {IRREVERSIBLE.1}
                <bdi class="quoted">{reactive(move || name.get())}</bdi>
            </p>
            <input type="hidden" name="access_key" value=access_key />
            <TextField state=state name="confirm_name" label="Name of the key" />
            <div class="answers">
                <button type="button" class="button" hidden=move || !hydrated.get() on:click=move |_| close()>
                    "Cancel"
                </button>
                <Submit state=state label="Delete key" slow="Deleting…" class="button danger" />
            </div>
        </Form>
    }
    .into_any()
}

pub(super) fn check(fields: &Fields) -> FieldErrors {
    if fields.text("confirm_name").trim().is_empty() {
        FieldErrors::one("confirm_name", "Type the key's name to confirm.")
    } else {
        FieldErrors::default()
    }
}

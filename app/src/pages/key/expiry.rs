//! The control for the key's expiration, the only one on the page: in the menu *Extend* of the head, or in sight under
//! the head as *Restore* once the key has expired.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::version;
use shared::view::Changed;

use super::{Shown, step, stepped};
use crate::client::browser;
use crate::forms::expiry_select::{OfKey, PRESELECTED, check, expiry_select};
use crate::forms::form::{Form, FormState, Submit, then};
use crate::keys::calls;
use crate::server_fns::keys::{EditKey, RestoreKey};
use crate::ui::icon::Icon;
use crate::ui::menus;
use crate::ui::reactive::{memo, reactive, words};
use crate::ui::toasts::Feedback;

/// The menu that sets another expiration of a key that works. It can be earlier too, so this is an edit.
pub fn extend(key: Shown) -> AnyView {
    let state = FormState::of_form(EditKey::PATH, |sent| sent.field("name").is_none());
    let failed = state.failed();
    let open = RwSignal::new(failed);
    let word = move || {
        if key.detail.with(|detail| detail.key.expires.is_some()) {
            "Extend"
        } else {
            "Set expiration"
        }
    };
    view! {
        <details
            class="menu"
            id="extend"
            open=failed
            on:toggle=move |event| {
                let menu: web_sys::HtmlDetailsElement = event_target(&event);
                open.set(menu.open());
            }
        >
            <summary class="button primary">{words(word)} {Icon::CHEVRON.draw()}</summary>
            <div class="menu-items panel">{form(key, state, open.into(), "Set expiration", "Saving…")}</div>
        </details>
    }
    .into_any()
}

/// The form that restores an expired key, with the alarm if programs still call it. If an operator has expired the key, the
/// reason stands before the button: most often, one should not restore it.
pub fn restore(key: Shown) -> AnyView {
    let state = FormState::new(RestoreKey::PATH);
    let alarm = move || {
        let failing = key.detail.with(|detail| detail.failing.clone());
        failing.map(|failing| {
            view! {
                <p class="alarm">
                    {Icon::WARNING.draw()}
                    <span>{calls::alarm(failing, key.now)} "."</span>
                </p>
            }
            .into_any()
        })
    };
    let why = move || {
        let by = key.detail.with(|detail| detail.expired_by.clone());
        (!by.is_empty()).then(|| view! { <p class="why">{by}</p> }.into_any())
    };
    view! {
        <section class="card restore" id="restore" aria-labelledby="restore-title">
            <h2 id="restore-title" tabindex="-1">
                "Restore"
            </h2>
            {reactive(why)}
            {reactive(alarm)}
            <p class="muted">"The same access key and secret key work again right away."</p>
            {form(key, state, Signal::stored(true), "Restore", "Restoring…")}
        </section>
    }
    .into_any()
}

fn form(
    key: Shown,
    state: FormState,
    visible: Signal<bool>,
    label: &'static str,
    slow: &'static str,
) -> AnyView {
    let (access_key, time_zone, ends) = key.detail.with_untracked(|detail| {
        let key = &detail.key;
        (
            key.access_key.clone(),
            detail.time_zone.clone(),
            key.expires.is_some(),
        )
    });
    // A choice that never shortens the key's life.
    let first = if ends { PRESELECTED } else { "never" };
    let offers = memo(move || key.detail.with(|detail| detail.offers.clone()));
    let of = OfKey {
        access_key: access_key.clone(),
        offers,
        visible,
    };
    // The version of the state in sight, even if the key has expired since the page was opened.
    let version = move || {
        let shown = key.detail.with(|detail| detail.key.version.clone());
        let version = stepped(key.edited, shown);
        if key.expired.get() {
            version::expired(&version)
        } else {
            version
        }
    };
    let feedback = Feedback::get();
    let done = then(move |fields, answer| {
        let change: Changed = answer.read()?;
        step(key.moved, &fields, &change);
        menus::close_open(|_| false);
        browser::focus_soon("#extend > summary");
        feedback.changed_key(&change);
        Ok(())
    });
    view! {
        <Form state=state check=check then=done class="form expiry-form">
            <input type="hidden" name="access_key" value=access_key.clone() />
            <input type="hidden" name="version" value=version />
            {expiry_select(state, "New expiration", &time_zone, first, Some(of))}
            <Submit state=state label=label slow=slow />
        </Form>
    }
    .into_any()
}

//! The head of the page: name, status, access key, and the actions that take one step.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{Shown, deletion, expiry};
use crate::keys::key_actions::ExpireNow;
use crate::server_fns::keys::{DeleteKey, EditKey, ExpireKey};
use crate::ui::copy::CopyButton;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{fresh, reactive};
use crate::ui::standing::offers;
use crate::ui::status;
use crate::ui::toasts::Feedback;

pub fn head(key: Shown, dialog: NodeRef<html::Dialog>) -> AnyView {
    let Shown {
        detail,
        name,
        now,
        state,
        expired,
        ..
    } = key;
    let access_key = detail.with_untracked(|detail| detail.key.access_key.clone());
    let for_expire = access_key.clone();
    let feedback = Feedback::get();
    let expires = Signal::derive(move || detail.with(|detail| detail.key.expires.clone()));
    // The same element in both states, so that the browser takes over what the server sent.
    let actions = move || {
        feedback.catch_focus();
        let (extends, expires) = (offers(EditKey::PATH), offers(ExpireKey::PATH));
        let absent = expired.get() || !(extends || expires);
        let working = (!absent).then(|| {
            view! {
                {extends.then(|| expiry::extend(key))}
                <ExpireNow access_key=for_expire.clone() label="Expire now" class="button" />
            }
        });
        fresh(view! { <div class="row" hidden=absent>{working}</div> })
    };
    view! {
        <div class="key-head">
            {reactive(move || title(name.get()))}
            <div class="key-line">
                {status::timed(state, expires, now)}
                <span class="together">
                    <code>{access_key.clone()}</code>
                    <CopyButton text=access_key what="access key" compact=true />
                </span>
            </div>
            <div class="key-actions">
                {reactive(actions)}
                {more(name, dialog)}
            </div>
        </div>
    }
    .into_any()
}

fn title(name: String) -> AnyView {
    let heading = view! { <bdi>{name.clone()}</bdi> }.into_any();
    view! { <PageHead title=name heading=heading /> }.into_any()
}

/// The menu of rarer actions.
fn more(name: Memo<String>, dialog: NodeRef<html::Dialog>) -> AnyView {
    view! {
        <details class="menu">
            <summary class="button compact" aria-label=move || format!("More for {}", name.get())>
                {Icon::MORE.draw()}
            </summary>
            <div class="menu-items">
                <a class="button quiet" href="/developers" rel="external">
                    "How to use it"
                </a>
                {reactive(move || offers(DeleteKey::PATH).then(|| deletion::link(dialog)))}
            </div>
        </details>
    }
    .into_any()
}

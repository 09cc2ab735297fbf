//! The first steps of a new account. Each is derived from what the account has done, so it is done once that is, wherever
//! the owner did it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::AddressView;
use shared::view::overview::FirstSteps;

use super::notes;
use crate::keys::key_actions::{NEW_KEY, key_path};
use crate::server_fns::keys::CreateKey;
use crate::server_fns::notices::SetSecondRecipient;
use crate::server_fns::overview::DismissSteps;
use crate::ui::icon::Icon;
use crate::ui::served::{PlainForm, copy_button};
use crate::ui::standing::offers;

/// Whether the session may take them all.
pub fn are_offered() -> bool {
    let steps = [
        DismissSteps::PATH,
        CreateKey::PATH,
        SetSecondRecipient::PATH,
    ];
    steps.into_iter().all(offers)
}

pub fn list(steps: &FirstSteps, address: Option<&AddressView>, try_url: &str) -> AnyView {
    let FirstSteps {
        called,
        confirmed,
        named,
        second,
        ..
    } = *steps;
    let access_key = &steps.access_key;
    let all = [
        Some(called),
        Some(called),
        confirmed,
        Some(named),
        Some(second),
    ];
    let all: Vec<bool> = all.into_iter().flatten().collect();
    let taken = all.iter().filter(|done| **done).count();
    let dismiss = PlainForm {
        path: DismissSteps::PATH,
        said: Some(""),
        ..PlainForm::default()
    };
    let copy = (!called).then(|| copy(access_key));
    let call = (!called).then(|| first_call(access_key, try_url));
    let confirm = confirmed.map(|confirmed| {
        let ask = address.filter(|_| !confirmed);
        step("Confirm your address", ask.and_then(notes::to_confirm))
    });
    let name = (!named).then(|| name(access_key));
    let second = (!second).then(recipient);
    view! {
        <section class="card wide steps" aria-labelledby="steps-title" data-testid="first-steps">
            <header>
                <h2 id="steps-title">"Get started"</h2>
                <span class="muted">{format!("{taken} of {} done", all.len())}</span>
                {dismiss.button("button quiet small", "Dismiss", None)}
            </header>
            <ol>
                {step("Copy your key", copy)} {step("Make the first call", call)}
                {confirm} {step("Name a key", name)}
                {step("Add a second recipient", second)}
            </ol>
        </section>
    }
    .into_any()
}

fn step(title: &'static str, body: Option<AnyView>) -> AnyView {
    let done = body.is_none();
    let state = if done { "Done: " } else { "To do: " };
    view! {
        <li class:done=done>
            {done.then(|| Icon::CHECK.draw())}
            <div>
                <h3>
                    <span class="visually-hidden">{state}</span>
                    {title}
                </h3>
                {body}
            </div>
        </li>
    }
    .into_any()
}

fn copy(access_key: &str) -> AnyView {
    view! {
        <p>
            <span class="together">
                <code>{access_key.to_owned()}</code>
                {copy_button(access_key, "access key")}
            </span>
            " Its secret key was shown once. If you didn't save it, "
            <a href=NEW_KEY>"create another key"</a> "."
        </p>
    }
    .into_any()
}

fn first_call(access_key: &str, try_url: &str) -> AnyView {
    let line = format!("curl -i -u '{access_key}:YOUR_SECRET_KEY' {try_url}");
    view! {
        <p class="together">
            <code class="line">{line.clone()}</code>
            {copy_button(&line, "curl line")}
        </p>
        <p class="waits">"Waiting for the first call…"</p>
    }
    .into_any()
}

fn name(access_key: &str) -> AnyView {
    view! {
        <p>
            "Give each program a key of its own, named after it: "
            <a href=key_path(access_key)>"rename this one"</a> " or " <a href=NEW_KEY>"create one"</a> "."
        </p>
    }
    .into_any()
}

fn recipient() -> AnyView {
    view! {
        <p>
            "Someone else who is told before a key expires. " <a href="/preferences/notices" rel="external">"Add an address"</a>
        </p>
    }
    .into_any()
}

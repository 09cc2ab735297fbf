//! The deletion of the account.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::relative::ago;
use shared::view::account::{DeletionView, DoomedKey};

use crate::forms::field::{PasswordField, TextField};
use crate::forms::form::{Form, FormState, Submit};
use crate::pages::setting::setting;
use crate::server_fns::account::DeleteAccount;

pub fn section(email: &str, deletion: DeletionView, now: i64) -> AnyView {
    let about = "This can't be undone. To stop using some keys, delete or expire those instead.";
    let card = view! {
        {keys(deletion, now)}
        {form(email)}
    };
    setting(
        "delete",
        "Delete account",
        about.into_any(),
        card.into_any(),
    )
}

/// What stops working.
fn keys(deletion: DeletionView, now: i64) -> AnyView {
    let DeletionView { keys, first } = deletion;
    if keys == 0 {
        return view! { <p>"The account has no keys. Emails to it stop, and its address is free again."</p> }
            .into_any();
    }
    let more = keys - i64::try_from(first.len()).unwrap_or_default();
    let rows: Vec<_> = first.into_iter().map(|key| row(key, now)).collect();
    view! {
        <p>
            {if keys == 1 { "Its key stops" } else { "All its keys stop" }}
            " working at once, and programs that use " {if keys == 1 { "it" } else { "them" }} " are refused:"
        </p>
        <ul class="doomed">
            {rows} {(more > 0).then(|| view! { <li class="muted">{format!("and {more} more")}</li> })}
        </ul>
    }
    .into_any()
}

fn row(key: DoomedKey, now: i64) -> AnyView {
    let used = match key.used {
        Some(used) => view! {
            "last used " <time datetime=used.rfc3339 title=used.text>{ago(used.at, now)}</time>
        }
        .into_any(),
        None => "never used".into_any(),
    };
    view! {
        <li>
            <bdi>{key.name}</bdi>
            " "
            <span class="muted">{used}</span>
        </li>
    }
    .into_any()
}

fn form(email: &str) -> AnyView {
    let help = format!("Type {email} to confirm.");
    let state = FormState::new(DeleteAccount::PATH);
    view! {
        <Form state=state>
            <TextField
                state=state
                name="confirm_email"
                label="The account's address"
                kind="email"
                help=help
            />
            <PasswordField state=state name="current_password" label="Your password" autocomplete="current-password" />
            <Submit state=state label="Delete account" slow="Deleting…" class="button danger" />
        </Form>
    }
    .into_any()
}

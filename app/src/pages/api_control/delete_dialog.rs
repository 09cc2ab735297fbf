//! The dialog that confirms the deletion of the selected keys by their typed number. `table.js` opens it and fills in
//! the selection. Without script it is a part of the page that answers the first press.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::ListQuery;

use super::list::{Chosen, filter_fields};
use crate::error::FnError;
use crate::forms::form_replay::Replay;
use crate::server_fns::keys::{BulkKeys, ExpireKey};
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

pub fn delete_dialog(query: &ListQuery, total: i64, chosen: &Chosen) -> AnyView {
    let asked =
        Replay::of(BulkKeys::PATH).filter(|replay| replay.field("action") == Some("delete"));
    let typed = asked
        .as_ref()
        .and_then(|replay| replay.field("confirm_count"));
    let typed = typed.unwrap_or_default().to_owned();
    let error = asked.as_ref().and_then(Replay::error).cloned();
    let open = asked.is_some();
    let count = match i64::try_from(chosen.keys.len()) {
        Ok(keys) if !chosen.all => keys,
        _ => total,
    };
    let title = if count == 1 {
        "Delete 1 key?".to_owned()
    } else {
        format!("Delete {count} keys?")
    };
    view! {
        <dialog id="delete-keys" class="dialog" open=open aria-labelledby="delete-title">
            <h2 id="delete-title">{title}</h2>
            <p>
                <strong>"You cannot restore deleted keys."</strong>
                " Programs that still use them stop working."
                {offers(ExpireKey::PATH).then_some(" If you expire them instead, you can undo that.")}
            </p>
            // table.js puts the selected keys here.
            <p id="named-title" hidden></p>
            <ul class="named-keys" aria-labelledby="named-title" hidden></ul>
            <p>"To confirm, type the number of keys: " <strong>{count}</strong></p>
            <form method="post" action=BulkKeys::PATH class="form" novalidate>
                <input type="hidden" name="action" value="delete" />
                <input type="hidden" name="access_keys" value=chosen.keys.join(" ") />
                <input type="hidden" name="all" value=if chosen.all { "true" } else { "" } />
                {filter_fields(query)}
                {number(typed, error)}
                <div class="answers">
                    <button type="button" class="button quiet scripted" data-press="">
                        "Cancel"
                    </button>
                    {offers(ExpireKey::PATH).then(|| view! {
                        <button type="button" class="button scripted" data-press="#bulk > [value=expire]">
                            "Expire instead"
                        </button>
                    })}
                    <button type="submit" class="button danger">
                        "Delete keys"
                    </button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

fn number(typed: String, error: Option<FnError>) -> AnyView {
    let message = error.and_then(|error| {
        let mut fields = error.fields.clone();
        fields.remove("confirm_count").or_else(|| error.alert())
    });
    let wrong = message.is_some();
    let help = if wrong { "help wrong" } else { "help" };
    view! {
        <div class="field">
            <label for="confirm-count">"Number of keys"</label>
            <input
                id="confirm-count"
                name="confirm_count"
                value=typed
                autocomplete="off"
                inputmode="numeric"
                aria-describedby="confirm-count-note"
                aria-invalid=wrong.then_some("true")
            />
            <p id="confirm-count-note" class=help>
                {wrong.then(|| Icon::WARNING.draw())}
                <span>{message}</span>
            </p>
        </div>
    }
    .into_any()
}

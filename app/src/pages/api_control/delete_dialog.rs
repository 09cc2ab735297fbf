//! The dialog that confirms the deletion of the selected keys by their typed number. Without script it is a part of the
//! page that answers the first press.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::ListQuery;

use super::actions::{Actions, several};
use super::filter_fields;
use crate::forms::field::TextField;
use crate::forms::form::{Form, FormState, Submit, then};
use crate::forms::form_replay::Replay;
use crate::server_fns::keys::BulkKeys;
use crate::ui::reactive::{fresh, reactive};

pub fn delete_dialog(
    dialog: NodeRef<html::Dialog>,
    query: Memo<ListQuery>,
    total: Memo<i64>,
    actions: Actions,
) -> AnyView {
    let state = FormState::new(BulkKeys::PATH);
    let chosen = actions.chosen;
    let asked =
        Replay::of(BulkKeys::PATH).is_some_and(|replay| replay.field("action") == Some("delete"));
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let done = then(move |_, answer| {
        let done = several(&answer)?;
        close();
        actions.done(done);
        Ok(())
    });
    let expire = move |_| {
        close();
        actions.of_chosen("expire", String::new());
    };
    let count = move || {
        if chosen.all.get() {
            total.get().to_string()
        } else {
            chosen.count().to_string()
        }
    };
    let title = move || {
        fresh(
            view! { <span>"Delete " {count()} {if count() == "1" { " key?" } else { " keys?" }}</span> },
        )
    };
    let number = move || fresh(view! { <strong>{count()}</strong> });
    let all = move || if chosen.all.get() { "true" } else { "" };
    let fields = move || {
        query.with(|query| {
            let fields = filter_fields(query).into_iter();
            let field =
                |(name, value)| view! { <input type="hidden" name=name value=value /> }.into_any();
            fields.map(field).collect::<Vec<AnyView>>()
        })
    };
    view! {
        <dialog class="dialog" node_ref=dialog open=asked aria-labelledby="delete-title">
            <h2 id="delete-title">{reactive(title)}</h2>
            <p>
                <strong>"You cannot restore deleted keys."</strong>
                " Programs that still use them stop working. If you expire them instead, you can undo that."
            </p>
            <p>"To confirm, type the number of keys: " {reactive(number)}</p>
            <Form state=state then=done>
                <input type="hidden" name="action" value="delete" />
                <input type="hidden" name="access_keys" value=move || chosen.access_keys() />
                <input type="hidden" name="all" value=all />
                {reactive(fields)}
                <TextField state=state name="confirm_count" label="Number of keys" input_mode="numeric" />
                <div class="answers">
                    <button type="button" class="button quiet scripted" on:click=move |_| close()>
                        "Cancel"
                    </button>
                    <button type="button" class="button scripted" on:click=expire>
                        "Expire instead"
                    </button>
                    <Submit state=state label="Delete keys" slow="Deleting…" class="button danger" />
                </div>
            </Form>
        </dialog>
    }
    .into_any()
}

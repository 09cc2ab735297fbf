//! The page of a key: details, edit, expire or restore, delete, and history.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_params_map};
use shared::status::Status;
use shared::usage::CallerView;
use shared::validation::{self, FieldErrors};
use shared::version;
use shared::view::{Changed, HistoryEntry, KeyDetail};

use crate::client::browser;
use crate::client::call::query;
use crate::error::FnError;
use crate::forms::expiration::{self, Choice, Expiration, Keep};
use crate::forms::field::{TextArea, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, then};
use crate::forms::form_replay::Replay;
use crate::keys::calls;
use crate::keys::key_actions::{ExpireNow, LIST};
use crate::server_fns::keys::{DeleteKey, EditKey, RestoreKey, ShowKey};
use crate::ui::answer::{kept, missing, problem};
use crate::ui::clock::ticking;
use crate::ui::copy::CopyButton;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::toasts::Feedback;
use crate::ui::{moment, status};

#[component]
pub fn KeyPage() -> impl IntoView {
    let params = use_params_map();
    let access_key =
        memo(move || params.with(|params| params.get("access_key").unwrap_or_default()));
    let revision = Feedback::get().revision;
    let fields = move || vec![("access_key", access_key.get())];
    let detail = query::<ShowKey>(fields, Some(revision));
    view! {
        <p class="crumbs">
            <a href=LIST>"API Control"</a>
        </p>
        {kept(
            detail,
            |detail| detail.key.access_key.clone(),
            shown,
            |error| if error.code == FnError::NOT_FOUND { not_here() } else { problem(error) },
        )}
    }
    .into_any()
}

fn not_here() -> AnyView {
    missing(
        "There is no such key",
        view! { <a class="button primary" href=LIST>"To API Control"</a> }.into_any(),
    )
}

fn shown(detail: Memo<KeyDetail>) -> AnyView {
    let first = detail.get_untracked();
    let access_key = StoredValue::new(first.key.access_key);
    let time_zone = first.time_zone;
    let name = memo(move || detail.with(|detail| detail.key.name.clone()));
    // One clock for the page: a later answer corrects it by the small error of the first one.
    let now = ticking(first.now);
    let state = memo(move || {
        detail.with(|detail| {
            Status::at(
                detail.key.expires_at(),
                now.get().max(detail.now),
                detail.window,
            )
        })
    });
    let expired = memo(move || state.get() == Status::Expired);
    go_to_part();
    let feedback = Feedback::get();
    let summary = summary(detail, now, state);
    let edit = edit_form(detail, time_zone.clone());
    view! {
        {reactive(move || head(name.get()))}
        {done_note()}
        {summary}
        {not_extended(expired)}
        {alarm(detail, now, expired)}
        <section class="card" aria-labelledby="edit-title">
            <h2 id="edit-title">"Edit"</h2>
            {edit}
        </section>
        {reactive(move || {
            feedback.catch_focus();
            fresh(if expired.get() {
                restore_section(detail, time_zone.clone())
            } else {
                expire_section(access_key.get_value())
            })
        })}
        {usage(detail, now)}
        {delete_section(access_key.get_value(), name, expired)}
        {history(detail)}
    }
    .into_any()
}

fn head(name: String) -> AnyView {
    let heading = view! { <bdi>{name.clone()}</bdi> }.into_any();
    view! { <PageHead title=name heading=heading /> }.into_any()
}

/// Scrolls to the part of the page that the address names (`#restore`, `#delete`), which is rendered later.
fn go_to_part() {
    let hash = use_location().hash;
    effect(move || match hash.get().as_str() {
        "#restore" => browser::focus_soon("#restore h2"),
        "#delete" => browser::focus_soon("#delete h2"),
        _ => {}
    });
}

fn summary(detail: Memo<KeyDetail>, now: Signal<i64>, state: Memo<Status>) -> AnyView {
    let access_key = detail.with_untracked(|detail| detail.key.access_key.clone());
    let created = detail.with_untracked(|detail| detail.key.created.clone());
    view! {
        <dl class="facts">
            <div>
                <dt>"Status"</dt>
                <dd>{status::pill(state)}</dd>
            </div>
            <div>
                <dt>"Access key"</dt>
                <dd>
                    <code>{access_key.clone()}</code>
                    <CopyButton text=access_key what="access key" compact=true />
                </dd>
            </div>
            <div>
                <dt>"Expires"</dt>
                <dd>{reactive(move || moment::expiration(detail.get().key.expires, now))}</dd>
            </div>
            <div>
                <dt>"Created"</dt>
                <dd>{moment::when(created, now)}</dd>
            </div>
            <div>
                <dt>"Last used"</dt>
                <dd>{reactive(move || moment::last_use(detail.get().key.used, now))}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// The reason why *Extend* on the Dashboard failed without script: this page answers it.
fn not_extended(expired: Memo<bool>) -> Option<AnyView> {
    let replay = Replay::of(RestoreKey::PATH).filter(|_| !expired.get_untracked())?;
    let error = replay.error()?;
    let sentence = error
        .alert()
        .or_else(|| error.fields.values().next().cloned());
    let note = view! {
        <p class="note bad" role="alert">
            {Icon::WARNING.draw()}
            <span>{sentence}</span>
        </p>
    };
    Some(note.into_any())
}

/// The alarm that programs still call the expired key, with a link to the form that restores it.
fn alarm(detail: Memo<KeyDetail>, now: Signal<i64>, expired: Memo<bool>) -> AnyView {
    reactive(move || {
        let failing = detail.get().failing.filter(|_| expired.get());
        failing.map(|failing| {
            view! {
                <p class="note bad">
                    {Icon::WARNING.draw()}
                    <span>{calls::alarm(failing, now)} ". " <a href="#restore">"Restore the key"</a></span>
                </p>
            }
            .into_any()
        })
    })
}

fn edit_form(detail: Memo<KeyDetail>, time_zone: String) -> AnyView {
    let state = FormState::new(EditKey::PATH);
    let feedback = Feedback::get();
    let key = detail.with_untracked(|detail| detail.key.clone());
    let choice = Choice::keeping(state);
    // The version follows the page as long as the fields began with the values that it shows.
    let begun = StoredValue::new((key.name.clone(), key.description.clone()));
    let version = state.versioned(key.version);
    Effect::new(move |before: Option<()>| {
        let (same, version) = detail.with(|KeyDetail { key, .. }| {
            let same =
                begun.with_value(|(name, text)| *name == key.name && *text == key.description);
            (same, key.version.clone())
        });
        if before.is_some() && same {
            state.version.set(version);
        }
    });
    let keep = Signal::derive(move || detail.with(|detail| Keep::of(&detail.key)));
    let done = then(move |fields, answer| {
        let change: Changed = answer.read()?;
        let description = validation::key_description(&fields.text("description"));
        begun.set_value((change.name.clone(), description.unwrap_or_default()));
        let _ = state.version.try_set(change.version);
        choice.keep();
        feedback.changed(format!("{} saved.", change.name));
        Ok(())
    });
    view! {
        <Form state=state check=check_edit then=done>
            <input type="hidden" name="access_key" value=key.access_key />
            {version}
            <TextField state=state name="name" label="Name" value=key.name />
            <TextArea state=state name="description" label="Description" value=key.description help="Optional." />
            <Expiration state=state choice=choice time_zone=time_zone keep=keep />
            <Submit state=state label="Save changes" />
        </Form>
    }
    .into_any()
}

fn check_edit(fields: &Fields) -> FieldErrors {
    validation::key_change(
        Some(&fields.text("name")),
        Some(&fields.text("description")),
        expiration::chosen_in_edit(fields).as_deref(),
    )
    .err()
    .unwrap_or_default()
}

fn expire_section(access_key: String) -> AnyView {
    view! {
        <section class="card" id="expire" aria-labelledby="expire-title">
            <h2 id="expire-title">"Expire"</h2>
            <p>"Takes the key out of use at once. It stays in the list, and you can restore it at any time."</p>
            <ExpireNow access_key=access_key label="Expire now" class="button" />
        </section>
    }
    .into_any()
}

fn restore_section(detail: Memo<KeyDetail>, time_zone: String) -> AnyView {
    let state = FormState::new(RestoreKey::PATH);
    let access_key = detail.with_untracked(|detail| detail.key.access_key.clone());
    // Whether it expired before the page was opened or since, this is the version shown.
    let version = move || detail.with(|detail| version::expired(&detail.key.version));
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        let change: Changed = answer.read()?;
        feedback.changed(format!("{} works again.", change.name));
        Ok(())
    });
    view! {
        <section class="card" id="restore" aria-labelledby="restore-title">
            <h2 id="restore-title" tabindex="-1">
                "Restore"
            </h2>
            <p>"Gives the key a new expiration. The same access key and secret key work again at once."</p>
            <Form state=state check=expiration::check then=done>
                <input type="hidden" name="access_key" value=access_key />
                <input type="hidden" name="version" value=version />
                <Expiration state=state choice=Choice::fresh(state) time_zone=time_zone />
                <Submit state=state label="Restore" slow="Restoring…" />
            </Form>
        </section>
    }
    .into_any()
}

fn delete_section(access_key: String, name: Memo<String>, expired: Memo<bool>) -> AnyView {
    let state = FormState::new(DeleteKey::PATH);
    let feedback = Feedback::get();
    let navigate = use_navigate();
    let done = then(move |_, answer| {
        let change: Changed = answer.read()?;
        feedback.say_there(format!("{} deleted.", change.name));
        navigate(
            LIST,
            NavigateOptions {
                replace: true,
                ..NavigateOptions::default()
            },
        );
        Ok(())
    });
    let for_expire = access_key.clone();
    view! {
        <section class="card danger" id="delete" aria-labelledby="delete-title">
            <h2 id="delete-title" tabindex="-1">
                "Delete"
            </h2>
            {reactive(move || {
                (!expired.get())
                    .then(|| {
                        view! {
                            <p>"To only stop the key from working, expire it instead: you can undo that."</p>
                            <ExpireNow
                                access_key=for_expire.clone()
                                label="Expire instead"
                                class="button"
                            />
                        }
                    })
            })}
            <p>
                <strong>"You cannot restore a deleted key."</strong>
                " Programs that still use it stop working. To confirm, type its name: "
                <bdi class="quoted">{reactive(move || name.get())}</bdi>
            </p>
            <Form state=state check=check_delete then=done>
                <input type="hidden" name="access_key" value=access_key />
                <TextField state=state name="confirm_name" label="Name of the key" />
                <Submit state=state label="Delete key" slow="Deleting…" class="button danger" />
            </Form>
        </section>
    }
    .into_any()
}

fn check_delete(fields: &Fields) -> FieldErrors {
    if fields.text("confirm_name").trim().is_empty() {
        FieldErrors::one("confirm_name", "Type the key's name to confirm.")
    } else {
        FieldErrors::default()
    }
}

fn usage(detail: Memo<KeyDetail>, now: Signal<i64>) -> AnyView {
    let callers = move |callers: Vec<CallerView>| {
        if callers.is_empty() {
            return view! { <p class="muted">"No calls with this key yet."</p> }.into_any();
        }
        let callers = callers.into_iter().map(|one| caller(one, now));
        view! { <ul class="callers">{callers.collect_view()}</ul> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="calls-title">
            <h2 id="calls-title">"Calls, last 30 days"</h2>
            {reactive(move || calls::chart(detail.get().calls, "in the last 30 days"))}
        </section>
        <section class="card" aria-labelledby="callers-title">
            <h2 id="callers-title">"Recent callers"</h2>
            {reactive(move || callers(detail.get().callers))}
        </section>
    }
    .into_any()
}

fn caller(caller: CallerView, now: Signal<i64>) -> AnyView {
    let or = |text: String, none: &str| {
        if text.is_empty() {
            none.to_owned()
        } else {
            text
        }
    };
    view! {
        <li>
            <bdi class="address">{or(caller.address, "Unknown address")}</bdi>
            <bdi class="agent">{or(caller.agent, "No user agent")}</bdi>
            {moment::when(caller.seen, now)}
            {caller.refused.then(|| status::fixed("expired", Icon::STOP, "Refused: expired"))}
        </li>
    }
    .into_any()
}

fn history(detail: Memo<KeyDetail>) -> AnyView {
    let entry = |entry: HistoryEntry| {
        view! {
            <li>
                <span>{entry.what}</span>
                <time datetime=entry.when.rfc3339>{entry.when.text}</time>
                {(!entry.address.is_empty()).then(|| view! { <span class="muted">"from " {entry.address}</span> })}
            </li>
        }
    };
    view! {
        <section class="card" aria-labelledby="history-title">
            <h2 id="history-title">"History"</h2>
            <ol class="history">
                {reactive(move || detail.get().history.into_iter().map(entry).collect_view())}
            </ol>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests;

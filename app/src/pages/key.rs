//! The page of a key: its head with the actions, its calls and callers, its properties, and its history.

mod deletion;
mod expiry;
mod head;
mod history;
mod properties;
mod usage;

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use shared::status::Status;
use shared::usage::{CallRange, DayCalls};
use shared::view::{Changed, KeyDetail};

#[cfg(feature = "ssr")]
pub use self::deletion::{IRREVERSIBLE, recent_callers};
#[cfg(feature = "ssr")]
pub use self::history::entry;
#[cfg(feature = "ssr")]
pub use self::usage::named;
use crate::client::browser;
use crate::client::call::{Query, query};
use crate::error::FnError;
use crate::forms::form::Fields;
use crate::forms::form_replay::Replay;
use crate::keys::key_actions::LIST;
use crate::server_fns::keys::{DeleteKey, RestoreKey, ShowCalls, ShowKey};
use crate::ui::answer::{absent, kept, problem};
use crate::ui::clock::ticking;
use crate::ui::done_note::done_note;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::standing::offers;
use crate::ui::toasts::Feedback;

#[component]
pub fn KeyPage() -> impl IntoView {
    let params = use_params_map();
    let access_key =
        memo(move || params.with(|params| params.get("access_key").unwrap_or_default()));
    let query_map = use_query_map();
    let range = memo(move || {
        query_map.with(|query| CallRange::from_slug(query.get_str("calls").unwrap_or_default()))
    });
    let revision = Feedback::get().revision;
    let fields = move || vec![("access_key", access_key.get())];
    let detail = query::<ShowKey>(fields, Some(revision));
    let of_calls = move || {
        let range = range.get().slug().to_owned();
        vec![("access_key", access_key.get()), ("range", range)]
    };
    let calls = query::<ShowCalls>(of_calls, Some(revision));
    view! {
        <p class="crumbs">
            <a href=LIST>"API Control"</a>
        </p>
        {kept(
            detail,
            |detail| detail.key.access_key.clone(),
            move |detail| shown(detail, Calls { range, answer: calls }),
            |error| if error.code == FnError::NOT_FOUND { not_here(error) } else { problem(error) },
        )}
    }
    .into_any()
}

/// The page of a key that does not exist, or no longer does: it may be deleted while it is open.
fn not_here(error: FnError) -> AnyView {
    let way_out = view! { <a class="button primary" href=LIST>"Go to API Control"</a> }.into_any();
    match error.fields.into_values().next() {
        Some(deletion) => absent(
            "Deleted key",
            deletion,
            "Programs that still use it are refused, and it can't be restored.",
            way_out,
        ),
        None => absent(
            "Key not found",
            error.message,
            "Check the address for typos.",
            way_out,
        ),
    }
}

/// The calls of the range that the address names.
#[derive(Clone, Copy)]
struct Calls {
    range: Memo<CallRange>,
    answer: Query<Vec<DayCalls>>,
}

/// The content of the page: what its parts share.
#[derive(Clone, Copy)]
struct Shown {
    detail: Memo<KeyDetail>,
    name: Memo<String>,
    /// One clock for the page: a later answer corrects it by the small error of the first one.
    now: Signal<i64>,
    state: Memo<Status>,
    expired: Memo<bool>,
    /// What the form of the properties has saved.
    edited: Step,
    /// The expiration that was set last here.
    moved: Step,
}

/// A change that one form of the page has made: the key's version before and after it. The page shows it only once it has
/// fetched the key, and another form that is sent before then must not conflict with it.
type Step = RwSignal<Option<[String; 2]>>;

/// Records that a form has changed the key.
fn step(own: Step, fields: &Fields, change: &Changed) {
    let _ = own.try_set(Some([fields.text("version"), change.version.clone()]));
}

/// Returns the version that a form sends which is based on `version`, after the change of another form of this page.
fn stepped(own: Step, version: String) -> String {
    match own.get() {
        Some([before, after]) if before == version => after,
        _ => version,
    }
}

fn shown(detail: Memo<KeyDetail>, calls: Calls) -> AnyView {
    let name = memo(move || detail.with(|detail| detail.key.name.clone()));
    let now = ticking(detail.with_untracked(|detail| detail.now));
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
    let key = Shown {
        detail,
        name,
        now,
        state,
        expired,
        edited: RwSignal::new(None),
        moved: RwSignal::new(None),
    };
    let dialog = NodeRef::<html::Dialog>::new();
    go_to_part(expired, dialog);
    let feedback = Feedback::get();
    view! {
        {head::head(key, dialog)}
        {done_note()}
        {not_extended(expired)}
        {reactive(move || {
            feedback.catch_focus();
            fresh(if expired.get() && offers(RestoreKey::PATH) { expiry::restore(key) } else { view! { <div hidden></div> }.into_any() })
        })}
        <div class="key-parts">
            {usage::calls(key, calls)}
            {properties::properties(key)}
            {usage::callers(key)}
            {history::history(key)}
        </div>
        {reactive(move || offers(DeleteKey::PATH).then(|| deletion::dialog(key, dialog)))}
    }
    .into_any()
}

/// Opens the part of the page that the address names, which is rendered later. An email with a link to the control for
/// the expiration may be older than the key's present state, and the oldest ones call it `#edit-title`.
fn go_to_part(expired: Memo<bool>, dialog: NodeRef<html::Dialog>) {
    let hash = use_location().hash;
    effect(move || match hash.get().as_str() {
        "#restore" | "#extend" | "#edit-title" => {
            if expired.get_untracked() {
                browser::focus_soon("#restore h2");
            } else {
                browser::open_menu_soon("#extend");
            }
        }
        // The shortcut `e` of the list.
        "#edit" => browser::focus_soon("form[action$='keys/edit'] [name=name]"),
        "#delete" => {
            if let Some(dialog) = dialog.get() {
                deletion::open(&dialog);
            }
        }
        _ => {}
    });
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

#[cfg(test)]
mod tests;

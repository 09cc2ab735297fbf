//! Preferences → API Control: the table of keys. The address holds search, filters, order and page.
//!
//! The server renders the list as HTML, for the page and for each later query, so that its rows, filters and menus cost
//! the browser's module nothing. `client/patch.js` puts later answers into the page, and `client/table.js` serves selection,
//! search and copying. The module fetches the list and sends its forms.

#[cfg(feature = "ssr")]
mod address;
#[cfg(feature = "ssr")]
mod bulk_bar;
#[cfg(feature = "ssr")]
mod delete_dialog;
#[cfg(feature = "ssr")]
mod filters;
#[cfg(feature = "ssr")]
mod key_dialog;
#[cfg(feature = "ssr")]
mod list;
#[cfg(feature = "ssr")]
mod pager;
#[cfg(feature = "ssr")]
mod row;
#[cfg(feature = "ssr")]
mod search;
#[cfg(feature = "ssr")]
mod sparkline;
#[cfg(feature = "ssr")]
mod table;
#[cfg(feature = "ssr")]
mod until;
#[cfg(feature = "ssr")]
mod view_menu;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_query_map};
use shared::view::Said;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::UrlSearchParams;

#[cfg(feature = "ssr")]
pub use self::address::parameters;
#[cfg(feature = "ssr")]
pub use self::key_dialog::html as deletion_html;
#[cfg(feature = "ssr")]
pub use self::list::html;
use crate::client::boot;
use crate::client::call::{Fields, query, send};
use crate::client::timers::Delay;
use crate::keys::key_actions::create_key_link;
use crate::server_fns::account::SaveTable;
use crate::server_fns::keys::{BulkKeys, DeleteKey, ShowTable, WhichKey};
use crate::ui::answer::{kept, problem};
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::hydrated::Hydrated;
use crate::ui::reactive::{effect, flag, memo};
use crate::ui::toasts::Feedback;
use crate::ui::waiting::SLOW_MS;

/// The parameters of the address that choose keys.
const PARAMETERS: [&str; 5] = ["q", "status", "show", "sort", "page"];
/// The functions of the list's forms.
const FORMS: [&str; 4] = [
    BulkKeys::PATH,
    DeleteKey::PATH,
    SaveTable::PATH,
    WhichKey::PATH,
];
/// The fields that confirm a deletion. Their errors are shown beside them.
const CONFIRMATIONS: [&str; 2] = ["confirm_count", "confirm_name"];

#[component]
pub fn ApiControlPage() -> impl IntoView {
    let params = use_query_map();
    let asked = memo(move || {
        let field = |name: &'static str| {
            let value = params.with(|params| params.get_str(name).unwrap_or_default().to_owned());
            (name, value)
        };
        Fields::from(PARAMETERS.map(field))
    });
    let feedback = Feedback::get();
    let list = query::<ShowTable>(move || asked.get(), Some(feedback.revision));
    // The query whose answer is on the page: until the next one arrives, the rows are dimmed.
    let answered = RwSignal::new(asked.get_untracked());
    effect(move || {
        if !list.is_loading() {
            answered.set(asked.get_untracked());
        }
    });
    let pending = memo(move || asked.with(|asked| answered.with(|answered| asked != answered)));
    let search = use_location().search;
    effect(move || {
        asked.track();
        boot::asked(&search.get_untracked());
    });
    serve_forms(feedback);
    view! {
        <PageHead title="API Control" action=head_actions() />
        {done_note()}
        <div class="progress" class:going=pending aria-hidden="true"></div>
        <div class="board" aria-busy=flag(move || pending.get())>
            {kept(list, |_| String::new(), content, problem)}
        </div>
    }
    .into_any()
}

fn head_actions() -> AnyView {
    view! {
        <div class="row">
            <a href="/developers" rel="external">"How to use keys"</a>
            {create_key_link()}
        </div>
    }
    .into_any()
}

/// The list. Later answers change the parts of it that differ.
fn content(html: Memo<String>) -> AnyView {
    if Hydrated::get().get_untracked() {
        // One came back to this page: the rows are there with the next frame.
        effect(|| request_animation_frame(boot::return_to_place));
    }
    effect(move || html.with(|html| boot::redraw(html)));
    view! { <div class="list" inner_html=html.get_untracked()></div> }.into_any()
}

/// Sends the forms of the list, which `table.js` passes on with the event `act`.
fn serve_forms(feedback: Feedback) {
    let slow = Delay::new();
    effect(move || {
        let acts = window_event_listener_untyped("act", move |event| {
            let detail = js_sys::Reflect::get(&event, &"detail".into()).unwrap_or_default();
            let [path, body, done] =
                [0, 1, 2].map(|at| js_sys::Reflect::get_u32(&detail, at).unwrap_or_default());
            let path = path.as_string().unwrap_or_default();
            if let Some(path) = FORMS.into_iter().find(|form| *form == path) {
                send_form(
                    feedback,
                    slow,
                    path,
                    body.unchecked_into(),
                    done.unchecked_into(),
                );
            }
        });
        on_cleanup(move || acts.remove());
    });
}

/// Sends a form and reports its outcome. `done` is called with nothing after a success, and with the message for the
/// field, which may be empty, after a failure.
fn send_form(
    feedback: Feedback,
    slow: Delay,
    path: &'static str,
    body: UrlSearchParams,
    done: js_sys::Function,
) {
    let keys = ["key", "access_keys", "access_key"];
    let keys = keys.into_iter().find_map(|name| body.get(name));
    let keys = keys.unwrap_or_default();
    let first = keys.split(' ').next().unwrap_or_default().to_owned();
    slow.start(SLOW_MS, move || feedback.watch(slow, path, first));
    spawn_local(async move {
        let answer = send(path, body).await;
        slow.stop();
        feedback.waited();
        let message = match answer {
            Ok(json) => {
                match json.read::<Said>() {
                    Ok(said) => feedback.undoable(said.sentence, said.change.unwrap_or_default()),
                    Err(_) => feedback.refresh(),
                }
                JsValue::UNDEFINED
            }
            Err(mut error) => {
                let wrong = CONFIRMATIONS
                    .into_iter()
                    .find_map(|field| error.fields.remove(field));
                if wrong.is_none() {
                    feedback.failed(error);
                }
                wrong.unwrap_or_default().into()
            }
        };
        // It reports its own errors.
        let _ = done.call1(&JsValue::NULL, &message);
    });
}

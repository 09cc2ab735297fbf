//! The actions on keys from the table. Without script, their forms post; with it, the answer comes as a message with
//! *Undo*.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::list::ListQuery;
use shared::view::{BulkChanged, Changed};
use wasm_bindgen::JsCast;

use super::chosen::Chosen;
use super::filter_fields;
use crate::client::browser;
use crate::client::call::{Fields, call};
use crate::client::secret_json::SecretJson;
use crate::client::timers::Delay;
use crate::error::FnError;
use crate::server_fns::keys::{BulkKeys, ExpireKey};
use crate::ui::menus::close_open;
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;
use crate::ui::waiting::SLOW_MS;

/// The choices of *Extend*, in days.
pub const EXTENSIONS: [(&str, &str); 3] =
    [("30d", "30 days"), ("90d", "90 days"), ("365d", "365 days")];

/// What the actions of the page share.
#[derive(Clone, Copy)]
pub struct Actions {
    pub chosen: Chosen,
    /// The instant of the rows on the page, UTC epoch milliseconds: a key that expired later is not revived unseen.
    pub as_of: RwSignal<i64>,
    query: Memo<ListQuery>,
    feedback: Feedback,
    /// A press while the page changes was meant for its former content.
    pub settling: Settling,
    /// Whether an action is under way.
    pub busy: RwSignal<bool>,
    slow: Delay,
}

/// Reads an answer as its sentence and the handle of its undo.
type Read = fn(&SecretJson) -> Result<(String, String), FnError>;

fn one(json: &SecretJson) -> Result<(String, String), FnError> {
    let changed: Changed = json.read()?;
    Ok((changed.sentence(), changed.change))
}

/// Reads the answer of the function on several keys.
pub fn several(json: &SecretJson) -> Result<(String, String), FnError> {
    let BulkChanged {
        sentence, change, ..
    } = json.read()?;
    Ok((sentence, change))
}

impl Actions {
    pub fn new(chosen: Chosen, query: Memo<ListQuery>) -> Self {
        Self {
            chosen,
            as_of: RwSignal::new(0),
            query,
            feedback: Feedback::get(),
            settling: Settling::new(),
            busy: RwSignal::new(false),
            slow: Delay::new(),
        }
    }

    fn as_of(self) -> (&'static str, String) {
        ("as_of", self.as_of.get_untracked().to_string())
    }

    /// The same for a form without script.
    pub fn as_of_field(self) -> AnyView {
        view! { <input type="hidden" name="as_of" value=move || self.as_of.get().to_string() /> }
            .into_any()
    }

    /// Runs the action of a row: the form says which, and the pressed button has the access key.
    pub fn of_row(self, event: &SubmitEvent) {
        event.prevent_default();
        let (Some(button), Some(form)) = (event.submitter(), event.target()) else {
            return;
        };
        let form: &web_sys::Element = form.unchecked_ref();
        let access_key = button.get_attribute("value").unwrap_or_default();
        if let Some(expiry) = form.id().strip_prefix("extend-") {
            let fields = vec![
                ("action", "extend".to_owned()),
                ("access_keys", access_key.clone()),
                ("expiry", expiry.to_owned()),
                self.as_of(),
            ];
            self.run(BulkKeys::PATH, fields, access_key, several);
        } else {
            let fields = vec![("access_key", access_key.clone())];
            self.run(ExpireKey::PATH, fields, access_key, one);
        }
    }

    /// Runs an action on the selection.
    pub fn of_chosen(self, action: &str, expiry: String) {
        let mut fields = vec![
            ("action", action.to_owned()),
            ("expiry", expiry),
            self.as_of(),
        ];
        let keys = self.chosen.access_keys();
        let first = keys.split(' ').next().unwrap_or_default().to_owned();
        if self.chosen.all.get_untracked() {
            fields.push(("all", "true".to_owned()));
            fields.extend(self.query.with_untracked(filter_fields));
        } else {
            fields.push(("access_keys", keys));
        }
        self.run(BulkKeys::PATH, fields, first, several);
    }

    fn run(self, path: &'static str, fields: Fields, access_key: String, read: Read) {
        let Self {
            feedback,
            busy,
            slow,
            ..
        } = self;
        close_open(None);
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        self.settling.begin();
        slow.start(SLOW_MS, move || feedback.watch(slow, path, access_key));
        spawn_local(async move {
            let answer = call(path, fields).await;
            slow.stop();
            feedback.waited();
            let _ = busy.try_set(false);
            match answer.and_then(|json| read(&json)) {
                Ok(done) => self.done(done),
                Err(error) => feedback.failed(error),
            }
        });
    }

    /// Shows the outcome of an action, with its undo.
    pub fn done(self, (sentence, change): (String, String)) {
        self.settling.begin();
        self.chosen.clear();
        self.feedback.undoable(sentence, change);
        request_animation_frame(|| {
            if browser::focus_is_lost() {
                browser::focus_soon(".toast .button");
            }
        });
    }
}

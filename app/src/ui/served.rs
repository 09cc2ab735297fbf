//! Parts of a page that come as HTML from the server, which renders and escapes them like the page itself. Their forms
//! are plain ones. One listener around all parts sends them and reports the outcome in place, so that a part costs the
//! WASM nothing; without script, they work like any other form.

use leptos::ev::{Event, MouseEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::view::BulkChanged;
use web_sys::{Element, FormData, HtmlFormElement, HtmlInputElement, UrlSearchParams};

use super::copy::{ANSWER_MS, REFUSED};
use super::hydrated::Hydrated;
use super::reactive::reactive;
use super::settling::Settling;
use super::toasts::{Feedback, Undo};
use crate::client::browser;
use crate::client::call::{call, send};
use crate::client::timers::Delay;
use crate::error::FnError;
use crate::server_fns::keys::ShowExpiry;
use crate::server_fns::overview::SnoozeKey;

/// What a form says once it was sent; empty: nothing. Without it, the answer has the sentence.
const SAID: &str = "data-said";
/// The access key of a form that snoozes a key, which ending the snooze undoes.
const SNOOZES: &str = "data-snoozes";
/// The text that a button copies.
const COPIES: &str = "data-copy";

/// Serves the parts in `content`.
pub fn served(content: AnyView, settling: Settling) -> AnyView {
    let (feedback, hydrated) = (Feedback::get(), Hydrated::get());
    let (sending, copied) = (StoredValue::new(false), Delay::new());
    let submit = move |event: SubmitEvent| {
        // The page's own forms have handled theirs.
        if event.default_prevented() {
            return;
        }
        event.prevent_default();
        if !sending.get_value() && !settling.is_early(&event) {
            sending.set_value(true);
            send_form(&event, feedback, settling, sending);
        }
    };
    let click = move |event: MouseEvent| {
        let target: Element = event_target(&event);
        if let Ok(Some(button)) = target.closest("[data-copy]") {
            copy(button, feedback, copied);
        }
    };
    let input = move |event: Event| {
        let field: HtmlInputElement = event_target(&event);
        let form = field.closest("form").ok().flatten();
        let note = form.and_then(|form| form.query_selector(".echo").ok().flatten());
        if let Some(note) = note {
            echo(field, note);
        }
    };
    view! {
        <div class="served" class:live=hydrated on:submit=submit on:click=click on:input=input>
            {content}
        </div>
    }
    .into_any()
}

/// A part, which is replaced when its HTML changes.
pub fn part(html: Memo<String>) -> AnyView {
    reactive(move || view! { <div inner_html=html.get()></div> })
}

fn send_form(
    event: &SubmitEvent,
    feedback: Feedback,
    settling: Settling,
    sending: StoredValue<bool>,
) {
    let form: HtmlFormElement = event_target(event);
    let button = event.submitter();
    let attribute = |name| form.get_attribute(name);
    let (path, said) = (attribute("action").unwrap_or_default(), attribute(SAID));
    let undo = attribute(SNOOZES).map(|access_key| Undo {
        path: SnoozeKey::PATH,
        fields: vec![("access_key", access_key), ("until", "now".to_owned())],
        done: String::new(),
    });
    let body = FormData::new_with_form(&form).and_then(|data| {
        // The pressed button counts as a field, if it has a name.
        let pressed = button.as_ref().map(|button| {
            let attribute = |name| button.get_attribute(name);
            (attribute("name"), attribute("value").unwrap_or_default())
        });
        if let Some((Some(name), value)) = pressed {
            data.append_with_str(&name, &value)?;
        }
        UrlSearchParams::new_with_str_sequence_sequence(&data)
    });
    let Ok(body) = body else { return };
    if let Some(button) = &button {
        let _ = button.set_attribute("aria-busy", "true");
    }
    spawn_local(async move {
        let answer = send(&path, body).await;
        let _ = sending.try_set_value(false);
        if let Some(button) = button {
            let _ = button.remove_attribute("aria-busy");
        }
        let said = answer.and_then(|answer| match said {
            Some(said) => Ok(said),
            None => answer.read::<BulkChanged>().map(|changed| changed.sentence),
        });
        match said {
            Ok(said) => {
                settling.begin();
                if said.is_empty() {
                    feedback.refresh();
                } else {
                    feedback.undoable_by(said, undo);
                }
            }
            Err(error) => feedback.failed(error),
        }
    });
}

/// Says which instant the date in a field means, whose beginning it is.
fn echo(field: HtmlInputElement, note: Element) {
    let date = field.value();
    let fields = vec![("expiry", [&date, "T00:00"].concat())];
    spawn_local(async move {
        let answer = call(ShowExpiry::PATH, fields).await;
        let sentence: String = answer.and_then(|json| json.read()).unwrap_or_default();
        if field.value() == date {
            note.set_text_content(Some(&sentence.replace("Expires", "Until")));
        }
    });
}

/// Copies the text of a button, which then says so for a while.
fn copy(button: Element, feedback: Feedback, copied: Delay) {
    let text = button.get_attribute(COPIES).unwrap_or_default();
    spawn_local(async move {
        if browser::copy(&text).await {
            let class = "button quiet copy compact";
            show(&button, &[class, " done"].concat(), "Copied");
            copied.start(ANSWER_MS, move || show(&button, class, "Copy"));
        } else {
            browser::select_near(&button);
            feedback.failed(FnError::new("clipboard", REFUSED));
        }
    });
}

fn show(button: &Element, class: &str, word: &str) {
    button.set_class_name(class);
    if let Ok(Some(place)) = button.query_selector(".word") {
        place.set_text_content(Some(word));
    }
}

#[cfg(feature = "ssr")]
pub use server::*;

#[cfg(feature = "ssr")]
mod server {
    use leptos::prelude::*;

    use crate::ui::icon::Icon;
    use crate::ui::standing::offers;

    /// A form of a part: its hidden fields, and its content.
    #[derive(Default)]
    pub struct PlainForm<'a> {
        pub path: &'static str,
        pub fields: &'a [(&'static str, &'a str)],
        pub said: Option<&'static str>,
        pub snoozes: Option<&'a str>,
        pub class: &'static str,
    }

    impl PlainForm<'_> {
        /// Nothing while the account is suspended, nor if the session may not call the function.
        pub fn holding(self, content: AnyView) -> AnyView {
            if !offers(self.path) {
                return ().into_any();
            }
            let hidden = |(name, value): &(&'static str, &str)| {
                let (name, value) = (*name, (*value).to_owned());
                view! { <input type="hidden" name=name value=value /> }.into_any()
            };
            let fields: Vec<AnyView> = self.fields.iter().map(hidden).collect();
            let class = if self.class.is_empty() {
                "inline"
            } else {
                self.class
            };
            let snoozes = self.snoozes.map(str::to_owned);
            view! {
                <form method="post" action=self.path class=class data-said=self.said data-snoozes=snoozes>
                    {fields}
                    {content}
                </form>
            }
            .into_any()
        }

        /// A form of one button. `of` completes its accessible name.
        pub fn button(self, class: &'static str, label: &'static str, of: Option<&str>) -> AnyView {
            let of = of.map(named);
            self.holding(
                view! {
                    <button type="submit" class=class>
                        {label}
                        {of}
                    </button>
                }
                .into_any(),
            )
        }
    }

    /// A name that only screen readers read, after a blank.
    pub fn named(name: &str) -> AnyView {
        view! { <span class="visually-hidden">" " <bdi>{name.to_owned()}</bdi></span> }.into_any()
    }

    /// The button that copies a text. `what` completes its accessible name: "Copy access key".
    pub fn copy_button(text: &str, what: &'static str) -> AnyView {
        view! {
            <button type="button" class="button quiet copy compact" data-copy=text.to_owned() title=format!("Copy {what}")>
                {Icon::COPY.draw()}
                {Icon::DONE.draw()}
                <span class="word" aria-live="polite">
                    "Copy"
                </span>
                <span class="visually-hidden">" " {what}</span>
            </button>
        }
        .into_any()
    }

    /// Renders a part. Text in it is escaped. It needs no marks for hydration.
    pub fn html(part: Option<AnyView>) -> String {
        let part = part.map(RenderHtml::to_html).unwrap_or_default();
        part.replace("<!>", "")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn text_in_a_part_is_escaped() {
            let hostile = "\"><script>alert(1)</script>";
            let part = PlainForm {
                path: "/fn/x",
                fields: &[("name", hostile)],
                ..PlainForm::default()
            };
            let text = html(Some(part.button("button", "Press", Some(hostile))));
            assert!(
                !text.contains("<script") && !text.contains("\">alert"),
                "{text}"
            );
            assert!(!html(Some(copy_button(hostile, "it"))).contains("<script"));
            assert_eq!(html(None), "");
        }
    }
}

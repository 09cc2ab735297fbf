//! Labelled fields: the label above, help below, and the error in place of the help.

use leptos::prelude::*;
use shared::validation::{self, FieldErrors};

use super::form::{Fields, FormState};
use super::form_replay::is_plain;
use crate::ui::hydrated::Hydrated;
use crate::ui::icon::Icon;
use crate::ui::reactive::{flag, fresh, reactive, words};

/// The line under a field: its help, or its error.
pub fn note(id: String, help: String, error: Memo<Option<String>>) -> AnyView {
    view! {
        <p id=id class="help" class:wrong=move || error.with(Option::is_some)>
            {reactive(move || match error.get() {
                Some(message) => {
                    view! {
                        {Icon::WARNING.draw()}
                        {fresh(view! { <span>{message}</span> })}
                    }
                        .into_any()
                }
                None => view! { <span>{help.clone()}</span> }.into_any(),
            })}
        </p>
    }
    .into_any()
}

/// Checks an email address as far as the browser can: the server checks letters beyond ASCII.
pub fn check_email(errors: &mut FieldErrors, name: &'static str, fields: &Fields) {
    let address = fields.text(name);
    if address.is_ascii() {
        errors.check(name, validation::email(&address));
    }
}

/// Returns whether the page, which then has no script, is rendered with an error at a field: it opens with the focus there.
fn starts_wrong(error: Memo<Option<String>>) -> bool {
    is_plain() && error.with_untracked(Option::is_some)
}

/// A field of one line.
#[component]
pub fn TextField(
    state: FormState,
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] help: String,
    #[prop(default = "off")] autocomplete: &'static str,
    /// The id of a datalist.
    #[prop(optional)]
    list: Option<&'static str>,
    #[prop(optional)] input_mode: Option<&'static str>,
    #[prop(optional)] required: bool,
    /// The page opens with the focus here.
    #[prop(optional)]
    autofocus: bool,
    /// The most characters, which the label counts when they are near.
    #[prop(optional)]
    limit: Option<usize>,
    #[prop(optional)] node_ref: Option<NodeRef<leptos::html::Input>>,
) -> impl IntoView {
    let id = state.id(name);
    let note_id = format!("{id}-note");
    let error = state.error(name);
    let node_ref = node_ref.unwrap_or_default();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                type=kind
                value=state.value(name, value)
                autocomplete=autocomplete
                list=list
                inputmode=input_mode
                required=required
                autofocus=autofocus || starts_wrong(error)
                data-limit=limit
                spellcheck="false"
                autocapitalize=(kind == "email").then_some("none")
                aria-describedby=note_id.clone()
                aria-invalid=flag(move || error.with(Option::is_some))
                node_ref=node_ref
            />
            {note(note_id, help, error)}
        </div>
    }
    .into_any()
}

/// A password, which can be shown once the page is hydrated. It never starts with a value.
#[component]
pub fn PasswordField(
    state: FormState,
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] help: String,
    autocomplete: &'static str,
) -> impl IntoView {
    let id = state.id(name);
    let note_id = format!("{id}-note");
    let error = state.error(name);
    let hydrated = Hydrated::get();
    let shown = RwSignal::new(false);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="beside">
                <input
                    id=id
                    name=name
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    spellcheck="false"
                    autocapitalize="none"
                    required
                    autofocus=starts_wrong(error)
                    aria-describedby=note_id.clone()
                    aria-invalid=flag(move || error.with(Option::is_some))
                />
                <button
                    type="button"
                    class="button quiet"
                    hidden=move || !hydrated.get()
                    data-show=is_plain()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {words(move || if shown.get() { "Hide" } else { "Show" })}
                    <span class="visually-hidden">" " {label}</span>
                </button>
            </div>
            {note(note_id, help, error)}
        </div>
    }
    .into_any()
}

/// A field of several lines.
///
/// Its text is set as escaped HTML, because a rendered text node that is empty would leave a space in it.
#[component]
pub fn TextArea(
    state: FormState,
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] help: String,
    #[prop(optional)] limit: Option<usize>,
) -> impl IntoView {
    let id = state.id(name);
    let note_id = format!("{id}-note");
    let error = state.error(name);
    let escaped = escaped(&state.value(name, value));
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <textarea
                id=id
                name=name
                rows="3"
                data-limit=limit
                aria-describedby=note_id.clone()
                aria-invalid=flag(move || error.with(Option::is_some))
                inner_html=escaped
            ></textarea>
            {note(note_id, help, error)}
        </div>
    }
    .into_any()
}

/// Returns a text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &'static [(&'static str, &'static str)]) -> Option<String> {
        let mut errors = FieldErrors::default();
        check_email(&mut errors, "email", &Fields::given(fields));
        errors.get("email").map(str::to_owned)
    }

    #[test]
    fn an_address_is_checked_as_far_as_the_browser_can() {
        let none = "Enter your email address.";
        let wrong = "This isn't an email address.";
        assert_eq!(message(&[]).as_deref(), Some(none));
        assert_eq!(message(&[("email", "  ")]).as_deref(), Some(none));
        assert_eq!(message(&[("email", "ada")]).as_deref(), Some(wrong));
        assert_eq!(message(&[("email", "ada@example.com")]), None);
        // The server's part.
        assert_eq!(message(&[("email", "ada@b\u{fc}cher.example")]), None);
    }

    #[test]
    fn no_text_leaves_its_text_area() {
        assert_eq!(
            escaped("</textarea><b>&lt; &amp;"),
            "&lt;/textarea>&lt;b>&amp;lt; &amp;amp;"
        );
        assert_eq!(escaped("two\n\"lines\" > one"), "two\n\"lines\" > one");
    }
}

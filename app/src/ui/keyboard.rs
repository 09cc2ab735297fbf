//! Shortcuts of single keys. None fires while one types, or with a modifier.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};

use super::reactive::effect;

/// The elements that take keys themselves.
const TYPING: &str =
    "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog *";

/// Lets each key press the element of its selector on this page, or focus it if it is a field of text.
pub fn shortcuts(keys: &'static [(&'static str, &'static str)]) {
    effect(move || {
        let down = window_event_listener(ev::keydown, move |event| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing() {
                return;
            }
            let key = event.key();
            let Some((_, selector)) = keys.iter().find(|(one, _)| *one == key) else {
                return;
            };
            if let Ok(Some(element)) = document().query_selector(selector) {
                event.prevent_default();
                press(&element);
            }
        });
        on_cleanup(move || down.remove());
    });
}

fn is_typing() -> bool {
    let active = document().active_element();
    active.is_some_and(|active| active.matches(TYPING).unwrap_or(false))
}

fn press(element: &Element) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>()
        && input.type_() != "checkbox"
    {
        // Fails only for an element that cannot have the focus.
        let _ = input.focus();
        input.select();
    } else if let Some(element) = element.dyn_ref::<HtmlElement>() {
        element.click();
    }
}

//! The takeover of a page by the WASM: whole, or not at all.
//!
//! Hydration walks along the nodes that the server sent. Password managers, writing assistants and translators put
//! nodes of their own among them, and then it stops half-way with a panic, or binds to the wrong nodes without one.
//! `boot.js`, in the head of every page, keeps the list of the nodes that were sent. `take_over.js`, which comes with
//! the module, takes foreign nodes out during the takeover and puts them back afterwards. If the page still differs
//! from the one that was sent, or anything panics, it remains a page without script, with plain forms and links.

use std::sync::LazyLock;

use wasm_bindgen::{JsCast, JsValue};

/// The script in the head of every page that can be taken over.
pub fn script() -> &'static str {
    static SCRIPT: LazyLock<String> = LazyLock::new(|| inline(include_str!("boot.js")));
    &SCRIPT
}

/// The scripts of the pages that few visit, which have no module. They are a module script: it runs once the page is parsed.
pub fn page_script() -> &'static str {
    static SCRIPT: LazyLock<String> = LazyLock::new(|| {
        inline(concat!(
            include_str!("page.js"),
            include_str!("keys.js"),
            include_str!("zones.js")
        ))
    });
    &SCRIPT
}

/// The script of the form on the Developers page that checks a key.
pub fn try_key_script() -> &'static str {
    static SCRIPT: LazyLock<String> = LazyLock::new(|| inline(include_str!("try_key.js")));
    &SCRIPT
}

/// Returns a script without comments and indentation, since every page carries it, and with each `<` escaped, so that no
/// browser takes it for a tag. The scripts have it in their texts only.
fn inline(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("//")).collect();
    lines.join("\n").replace('<', "\\x3c")
}

/// Takes over the page that the server rendered, by way of `take_over.js`, which calls `hydrate` once.
#[cfg(feature = "hydrate")]
pub fn take_over(hydrate: fn()) {
    use wasm_bindgen::closure::Closure;

    call("takeOver", &Closure::once_into_js(hydrate));
}

/// Keeps the typed text of this page until the same account opens it again in this tab.
pub fn keep_draft() {
    call("keepDraft", &JsValue::UNDEFINED);
}

/// Selects the text of an element.
pub fn select(element: &JsValue) {
    call("selectText", element);
}

/// Scrolls to the place that this page had when its entry of the history was left, and focuses its row.
pub fn return_to_place() {
    call("returnToPlace", &JsValue::UNDEFINED);
}

/// Puts the HTML of a later answer into the list of keys. The first answer is there already.
pub fn redraw(html: &str) {
    call("redraw", &html.into());
}

/// Tells the list of keys which query is asked now, by the address's parameters.
pub fn asked(search: &str) {
    call("asked", &search.into());
}

/// Notes that a form was accepted, so that leaving the page does not ask about its text.
pub fn sent_form(form: &JsValue) {
    call("sentForm", form);
}

/// Guards the page of a new key: going back asks while its secret was not copied, and its row in the table will flash.
pub fn guard_created(access_key: &str) {
    call("markCreated", &access_key.into());
    call("holdBack", &JsValue::UNDEFINED);
}

/// Offers a text as a download: the file's name, and the text.
pub fn download(name: &str, text: &str) {
    call("download", &js_sys::Array::of2(&name.into(), &text.into()));
}

/// Calls a function of one of our scripts, which report their own errors.
fn call(function: &str, argument: &JsValue) -> JsValue {
    let function = js_sys::Reflect::get(&js_sys::global(), &function.into());
    let function = function.and_then(JsCast::dyn_into::<js_sys::Function>);
    function
        .and_then(|function| function.call1(&JsValue::NULL, argument))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page carries the code of the file, and nothing that would end the element that holds it.
    #[test]
    fn the_scripts_have_no_comments_and_no_indentation() {
        for script in [script(), page_script(), try_key_script()] {
            let lines: Vec<&str> = script.lines().collect();
            assert_eq!((lines.first(), lines.last()), (Some(&"{"), Some(&"}")));
            for line in lines {
                assert!(!line.starts_with("//") && line.trim() == line, "{line:?}");
            }
            assert!(!script.contains('<'));
        }
        assert!(script().contains("globalThis.boot = boot;"));
    }
}

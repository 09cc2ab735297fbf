//! Browser features: navigation, clipboard, downloads, time zones, focus. Event handlers and effects call these
//! functions, rendering never does, so that the server's HTML and the browser's agree.

use leptos::prelude::*;
use leptos::web_sys;
use wasm_bindgen::{JsCast, JsValue};

use super::boot;

/// Leaves for another page with a full load, which also drops all state of this page.
pub fn load(path: &str) {
    // Fails only for an address that cannot be parsed, and all of ours can.
    let _ = window().location().assign(path);
}

/// Leaves for the sign-in page, which leads back here. Typed text is kept.
pub fn load_sign_in() {
    let location = window().location();
    let here = location.pathname().unwrap_or_default()
        + &location.search().unwrap_or_default()
        + &location.hash().unwrap_or_default();
    boot::keep_draft();
    load(&sign_in(&here));
}

/// Returns the address of the sign-in page that leads back to `here`.
fn sign_in(here: &str) -> String {
    let next = leptos_router::location::Url::escape(here);
    format!("/sign-in?next={next}&done=ended")
}

/// Leaves for a page, with the fragment of this page's address: a redirect to the sign-in page passes on the
/// `#restore` of a link.
pub fn load_at_part(path: &str) {
    let part = window().location().hash().unwrap_or_default();
    load(&at_part(path, &part));
}

/// Returns a path with this part of its page, unless it names one itself.
fn at_part(path: &str, part: &str) -> String {
    let part = if path.contains('#') { "" } else { part };
    path.to_owned() + part
}

/// Returns whether text can be put on the clipboard: browsers offer that on https and loopback only.
pub fn can_copy() -> bool {
    window().is_secure_context()
}

/// Puts text on the clipboard. Returns whether that worked.
pub async fn copy(text: &str) -> bool {
    // By name: if a policy forbids the clipboard, the object is missing, or calling it throws.
    let clipboard = window().navigator().clipboard();
    let written = js_sys::Reflect::get(&clipboard, &"writeText".into())
        .and_then(JsCast::dyn_into::<js_sys::Function>)
        .and_then(|write| write.call1(&clipboard, &text.into()));
    let Ok(written) = written else { return false };
    wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&written))
        .await
        .is_ok()
}

/// Selects the text beside a copy button: the code before it, or else the credentials of its card.
pub fn select_near(button: &web_sys::Element) {
    let beside = button.parent_element().and_then(|parent| {
        let code = parent.query_selector("code").ok().flatten();
        code.or_else(|| parent.parent_element()?.query_selector("dl").ok().flatten())
    });
    if let Some(text) = beside {
        boot::select(&text);
    }
}

/// Returns the browser's time zone, an IANA name.
pub fn time_zone() -> Option<String> {
    let options = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new())
        .resolved_options();
    js_sys::Reflect::get(&options, &"timeZone".into())
        .ok()?
        .as_string()
}

/// Returns every time zone that the browser knows, as options of a datalist. Old browsers know none.
pub fn time_zone_options() -> Option<String> {
    let intl = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let list: js_sys::Function = js_sys::Reflect::get(&intl, &"supportedValuesOf".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let zones: js_sys::Array = list
        .call1(&intl, &"timeZone".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let mut options = String::new();
    for zone in zones.iter().filter_map(|zone| zone.as_string()) {
        options += "<option value=\"";
        options += &zone;
        options += "\">";
    }
    Some(options)
}

/// Moves the focus to the first element that matches, with the next frame.
pub fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        if let Ok(Some(element)) = document().query_selector(selector) {
            focus(&element);
        }
    });
}

/// Moves the focus to an element.
pub fn focus(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        let _ = element.focus();
    }
}

/// Opens a menu, and moves the focus to its button, with the next frame.
pub fn open_menu_soon(selector: &'static str) {
    request_animation_frame(move || {
        if let Ok(Some(element)) = document().query_selector(selector)
            && let Some(menu) = element.dyn_ref::<web_sys::HtmlDetailsElement>()
        {
            menu.set_open(true);
            if let Ok(Some(summary)) = menu.query_selector("summary") {
                focus(&summary);
            }
        }
    });
}

/// Replaces the text of the field with this id, if it is still `before`. Returns whether it was.
pub fn replace_text(id: &str, before: &str, after: &str) -> bool {
    let Some(field) = document().get_element_by_id(id) else {
        return false;
    };
    // By name, because fields of one line and of several have different types.
    let value = JsValue::from_str("value");
    let text = js_sys::Reflect::get(&field, &value).ok();
    text.and_then(|text| text.as_string()).as_deref() == Some(before)
        && js_sys::Reflect::set(&field, &value, &after.into()).unwrap_or(false)
}

/// Returns whether nothing has the focus, for example because its element was removed.
pub fn focus_is_lost() -> bool {
    document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY")
}

#[cfg(test)]
mod tests {
    use leptos_router::location::Url;
    use shared::redirect::local_path;

    use super::*;

    /// The address after signing in is the one from which the browser came, to the last character.
    #[test]
    fn signing_in_leads_back_to_the_same_address() {
        for here in [
            "/",
            "/preferences/api-control?q=a%20b%26c&page=2",
            "/preferences/api-control/kh_0#restore",
            "/preferences/api-control?q=100%25&done=saved",
        ] {
            let address = sign_in(here);
            let next = address.strip_prefix("/sign-in?next=");
            let next = next.and_then(|rest| rest.strip_suffix("&done=ended"));
            let next = next.unwrap_or_else(|| panic!("{address}"));
            assert!(!next.contains(['?', '&', '#', '=']), "{address}");
            assert_eq!(local_path(&Url::unescape(next)), here);
        }
    }

    #[test]
    fn a_path_keeps_its_own_part() {
        assert_eq!(at_part("/a", "#restore"), "/a#restore");
        assert_eq!(at_part("/a", ""), "/a");
        assert_eq!(at_part("/a#delete", "#restore"), "/a#delete");
        assert_eq!(at_part("/a?q=1", "#restore"), "/a?q=1#restore");
    }
}

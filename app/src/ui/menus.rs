//! Menus: closing them, and the arrow keys in them. A menu is a `details` element with the items in `.menu-items`.

use leptos::ev;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDetailsElement, Node};

use crate::client::browser;

/// Lets menus work by keys, and closes them on a press elsewhere, when the focus leaves them, and on Escape, which
/// returns the focus to the menu's button.
pub fn serve_menus() {
    let click = window_event_listener(ev::click, |event| {
        let target = node(event.target());
        close_open(|menu| menu.contains(target.as_ref()));
    });
    let leave = window_event_listener(ev::focusout, |event| {
        // Without a next element the focus is nowhere, as for a press on a button in Safari. A press on text in a menu gives
        // the focus to what holds the menu, and must find its text: Chromium 156 crashes when it goes within the press.
        if let Some(next) = node(event.related_target()) {
            close_open(|menu| menu.contains(Some(&next)) || next.contains(Some(menu)));
        }
    });
    let key = window_event_listener(ev::keydown, |event| {
        if event.key() == "Escape" {
            if let Ok(Some(summary)) =
                document().query_selector("details[open]:focus-within > summary")
            {
                browser::focus(&summary);
            }
            close_open(|_| false);
        } else {
            walk(&event);
        }
    });
    on_cleanup(move || {
        click.remove();
        leave.remove();
        key.remove();
    });
}

fn node(target: Option<web_sys::EventTarget>) -> Option<Node> {
    target.and_then(|target| target.dyn_into().ok())
}

/// Moves the focus among the items of a menu, which an arrow on its button opens.
fn walk(event: &KeyboardEvent) {
    let Some(active) = document().active_element() else {
        return;
    };
    // Fields use these keys themselves.
    if active.tag_name() == "INPUT" || active.tag_name() == "SELECT" {
        return;
    }
    let Ok(Some(menu)) = active.closest("details.menu") else {
        return;
    };
    let Ok(items) = menu.query_selector_all(".menu-items :is(a, button, input)") else {
        return;
    };
    let last = items.length().saturating_sub(1);
    let here = (0..=last).find(|&at| active.is_same_node(items.item(at).as_ref()));
    let next = match (event.key().as_str(), here) {
        ("Home", Some(_)) | ("ArrowDown", None) => 0,
        ("End", Some(_)) | ("ArrowUp", None | Some(0)) => last,
        ("ArrowDown", Some(at)) if at == last => 0,
        ("ArrowDown", Some(at)) => at + 1,
        ("ArrowUp", Some(at)) => at - 1,
        _ => return,
    };
    event.prevent_default();
    if let Some(menu) = menu.dyn_ref::<HtmlDetailsElement>() {
        menu.set_open(true);
    }
    if let Some(item) = items
        .item(next)
        .and_then(|item| item.dyn_into::<Element>().ok())
    {
        browser::focus(&item);
    }
}

/// Closes the open menus, except those to keep.
pub fn close_open(keep: impl Fn(&Node) -> bool) {
    let Ok(open) = document().query_selector_all("details.menu[open], details.drawer[open]") else {
        return;
    };
    for index in 0..open.length() {
        let Some(menu) = open.item(index) else {
            continue;
        };
        if !keep(&menu)
            && let Some(menu) = menu.dyn_ref::<HtmlDetailsElement>()
        {
            menu.set_open(false);
        }
    }
}

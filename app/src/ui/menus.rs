//! The closing of menus.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::client::browser;

/// Closes menus on a press elsewhere and on Escape, which returns the focus to the menu's button.
pub fn close_menus() {
    let click = window_event_listener(ev::click, |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        close_open(target.as_ref());
    });
    let key = window_event_listener(ev::keydown, |event| {
        if event.key() == "Escape" {
            if let Ok(Some(summary)) =
                document().query_selector("details[open]:focus-within > summary")
            {
                browser::focus(&summary);
            }
            close_open(None);
        }
    });
    on_cleanup(move || {
        click.remove();
        key.remove();
    });
}

/// Closes the open menus, except the one that holds `kept`.
pub fn close_open(kept: Option<&web_sys::Node>) {
    let Ok(open) = document().query_selector_all("details.menu[open], details.drawer[open]") else {
        return;
    };
    for index in 0..open.length() {
        let Some(menu) = open.item(index) else {
            continue;
        };
        if !menu.contains(kept)
            && let Some(menu) = menu.dyn_ref::<web_sys::HtmlDetailsElement>()
        {
            menu.set_open(false);
        }
    }
}

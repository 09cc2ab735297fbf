//! What surrounds every page: skip link, navigation, the account at its foot, and the live region.

use leptos::ev;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use shared::view::AccountView;
use wasm_bindgen::JsCast;

use super::icon::Icon;
use super::reactive::{effect, live};
use super::theme_switch::ThemeSwitch;
use super::toasts::{Feedback, LiveRegion};
use crate::client::browser;
use crate::client::call::Answer;
use crate::server_fns::account::SignOut;

/// The account that is signed in, for whichever page wants it.
pub type Account = Answer<AccountView>;

#[component]
pub fn Frame(
    account: Account,
    feedback: Feedback,
    routing: Signal<bool>,
    children: Children,
) -> impl IntoView {
    effect(close_menus);
    let pathname = use_location().pathname;
    // The narrow menu has done its work once a page is opened.
    effect(move || {
        pathname.track();
        close_open(None);
    });
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to content"
        </a>
        <div class="progress" class:going=routing aria-hidden="true"></div>
        <div class="frame">
            <Transition>
                {live(move || {
                    account.get().and_then(Result::ok).map(|account| navigation(account, pathname))
                })}
            </Transition>
            <main id="main" tabindex="-1">
                {children()}
            </main>
        </div>
        <Offline />
        <LiveRegion feedback=feedback />
    }
    .into_any()
}

fn navigation(account: AccountView, pathname: Memo<String>) -> AnyView {
    let email = account.email;
    view! {
        <header class="top">
            {brand()} <details class="drawer">
                <summary class="button quiet">{Icon::MENU.draw()} "Menu"</summary>
                <div class="drawer-body">{links(pathname, "Menu")} {foot(email.clone())}</div>
            </details>
        </header>
        <header class="side">{brand()} {links(pathname, "Main")} {foot(email)}</header>
    }
    .into_any()
}

/// The name, which leads home.
pub fn brand() -> AnyView {
    view! {
        <a class="brand" href="/">
            {Icon::KEY.draw()}
            "Keyhold"
        </a>
    }
    .into_any()
}

fn links(pathname: Memo<String>, label: &'static str) -> AnyView {
    let link = move |href: &'static str, icon: Icon, text: &'static str| {
        let current = move || {
            let path = pathname.get();
            if path == href {
                Some("page")
            } else if href != "/" && path.starts_with(href) {
                Some("true")
            } else {
                None
            }
        };
        view! {
            <li>
                <a href=href aria-current=current>
                    {icon.draw()}
                    {text}
                </a>
            </li>
        }
    };
    view! {
        <nav aria-label=label>
            <ul>{link("/", Icon::HOME, "Dashboard")}</ul>
            <h2>"Preferences"</h2>
            <ul>
                {link("/preferences/account", Icon::PERSON, "Account")}
                {link("/preferences/api-control", Icon::KEY, "API Control")}
                {link("/preferences/notices", Icon::MAIL, "Notices")}
            </ul>
            <h2>"Documentation"</h2>
            <ul>{link("/developers", Icon::CODE, "Developers")}</ul>
        </nav>
    }
    .into_any()
}

fn foot(email: String) -> AnyView {
    view! {
        <div class="foot">
            <ThemeSwitch />
            <p class="email">
                <bdi>{email}</bdi>
            </p>
            <form method="post" action=SignOut::PATH>
                <button type="submit" class="button">
                    "Sign out"
                </button>
            </form>
        </div>
    }
    .into_any()
}

/// Says so while the browser has no connection.
#[component]
fn Offline() -> impl IntoView {
    let offline = RwSignal::new(false);
    effect(move || {
        let lost = window_event_listener(ev::offline, move |_| offline.set(true));
        let back = window_event_listener(ev::online, move |_| offline.set(false));
        on_cleanup(move || {
            lost.remove();
            back.remove();
        });
    });
    view! {
        <div class="offline" role="status">
            {live(move || {
                offline
                    .get()
                    .then_some(
                        "You are offline. What you see may be out of date, and changes cannot be saved until the connection is back.",
                    )
            })}
        </div>
    }
    .into_any()
}

/// Menus close at a press elsewhere and at Escape, which hands the focus back to the menu's button.
fn close_menus() {
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
fn close_open(kept: Option<&web_sys::Node>) {
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

//! The layout of every page: skip link, navigation, the account at its foot, and the live region.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use shared::view::{AccountView, Link};

use super::icon::Icon;
use super::menus::{close_open, serve_menus};
use super::offline::Offline;
use super::reactive::{effect, memo, reactive};
use super::returning::refresh_on_return;
use super::standing::{allows, offers, standing};
use super::theme_switch::ThemeSwitch;
use super::toasts::{Feedback, LiveRegion};
use crate::brand::{self, mark};
use crate::client::call::Query;
use crate::keys::key_actions::{LIST, NEW_KEY};
use crate::server_fns::account::SignOut;
use crate::server_fns::keys::{CreateKey, ListKeys};
use crate::server_fns::notices::ShowNotices;
use crate::server_fns::overview::ShowOverview;

/// The account that is signed in, provided to all pages.
pub type Account = Query<AccountView>;

/// The date in the account's zone: the earliest that a field for a date offers.
pub fn today() -> Memo<String> {
    let account = expect_context::<Account>();
    memo(move || {
        let account = account.get().and_then(Result::ok);
        account.map(|account| account.today).unwrap_or_default()
    })
}

#[component]
pub fn Frame(
    account: Account,
    feedback: Feedback,
    routing: Signal<bool>,
    children: Children,
) -> impl IntoView {
    effect(serve_menus);
    refresh_on_return(feedback);
    let pathname = use_location().pathname;
    // Opening a page closes the narrow menu.
    effect(move || {
        pathname.track();
        close_open(|_| false);
    });
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to content"
        </a>
        <div class="progress" class:going=routing aria-hidden="true"></div>
        <div class="frame">
            <Transition>
                {reactive(move || {
                    account.get().and_then(Result::ok).map(|account| navigation(account, pathname))
                })}
            </Transition>
            <main id="main" tabindex="-1">
                {standing(feedback)}
                {children()}
            </main>
            {brand::foot()}
        </div>
        <Offline />
        <LiveRegion feedback=feedback />
    }
    .into_any()
}

fn navigation(account: AccountView, pathname: Memo<String>) -> AnyView {
    let palette = allows(ListKeys::PATH).then(palette_button);
    view! {
        <header class="top">
            {mark()} <details class="drawer">
                <summary class="button quiet">{Icon::MENU.draw()} "Menu"</summary>
                <div class="drawer-body">{way_back(&account)} {links(pathname, "Menu")} {foot(&account)}</div>
            </details>
        </header>
        <header class="side">
            {mark()} {way_back(&account)} {palette} {links(pathname, "Main")} {foot(&account)}
        </header>
    }
    .into_any()
}

/// Leads back to the app that the session came from.
fn way_back(account: &AccountView) -> Option<AnyView> {
    let Link { href, text } = account.back.clone()?;
    let link = view! {
        <a class="back" href=href rel="external">
            {Icon::BACK.draw()}
            {text}
        </a>
    };
    Some(link.into_any())
}

/// Returns the way back to the app that a session came from.
#[cfg(feature = "ssr")]
pub fn back(session: &vault::Session, site: &crate::site::Site) -> Option<Link> {
    site.way_back(session.portal.as_ref()?.return_url.as_ref()?)
}

/// Returns the first page that the session may see, and its name.
pub fn home() -> (&'static str, &'static str) {
    if allows(ShowOverview::PATH) {
        ("/", "Dashboard")
    } else if allows(ShowNotices::PATH) {
        ("/preferences/notices", "Notices")
    } else if allows(CreateKey::PATH) {
        (NEW_KEY, "Create key")
    } else {
        ("/developers", "Developers")
    }
}

/// Opens the palette of `keys.js`, without which it does not show.
fn palette_button() -> AnyView {
    view! {
        <button type="button" class="button jump" data-palette aria-keyshortcuts="Control+K Meta+K">
            {Icon::SEARCH.draw()}
            "Search"
            <kbd></kbd>
        </button>
    }
    .into_any()
}

fn links(pathname: Memo<String>, label: &'static str) -> AnyView {
    // The browser's router knows no page without the module.
    const PLAIN: Option<&str> = Some("external");
    let link =
        move |href: &'static str, rel: Option<&'static str>, icon: Icon, text: &'static str| {
            let current = move || current(&pathname.get(), href);
            view! {
                <li>
                    <a href=href rel=rel aria-current=current>
                        {icon.draw()}
                        {text}
                    </a>
                </li>
            }
        };
    view! {
        <nav aria-label=label>
            <ul>{allows(ShowOverview::PATH).then(|| link("/", None, Icon::HOME, "Dashboard"))}</ul>
            <h2>"Preferences"</h2>
            <ul>
                {link("/preferences/account", PLAIN, Icon::PERSON, "Account")}
                {allows(ListKeys::PATH).then(|| link(LIST, None, Icon::KEY, "API Control"))}
                {allows(ShowNotices::PATH).then(|| link("/preferences/notices", PLAIN, Icon::MAIL, "Notices"))}
            </ul>
            <h2>"Documentation"</h2>
            <ul>{link("/developers", PLAIN, Icon::CODE, "Developers")}</ul>
        </nav>
    }
    .into_any()
}

/// The value of `aria-current` of a link on the page at `path`: the page itself, or one below it.
fn current(path: &str, href: &str) -> Option<&'static str> {
    // One comes to it from the Dashboard, and goes back there. It never runs in the browser.
    if cfg!(feature = "ssr") && path.ends_with("/stagger") {
        return (href == "/").then_some("true");
    }
    match path.strip_prefix(href)? {
        "" => Some("page"),
        below if below.starts_with('/') => Some("true"),
        _ => None,
    }
}

fn foot(account: &AccountView) -> AnyView {
    // One without an address has its name in the place of that.
    let AccountView {
        name, email, owner, ..
    } = account.clone();
    let name = (!name.is_empty() && name != email).then_some(name);
    let line = |text: String, class: &'static str| {
        view! {
            <p class=class>
                <bdi>{text}</bdi>
            </p>
        }
        .into_any()
    };
    view! {
        <div class="foot" data-owner=owner data-creates=move || offers(CreateKey::PATH).then_some("")>
            <ThemeSwitch />
            {name.map(|name| line(name, "email strong"))} {line(email, "email")}
            <form method="post" action=SignOut::PATH>
                <button type="submit" class="button">
                    "Sign out"
                </button>
            </form>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_marks_its_page_and_the_pages_below() {
        const KEYS: &str = "/preferences/api-control";
        for (path, href, expected) in [
            (KEYS, KEYS, Some("page")),
            ("/preferences/api-control/new", KEYS, Some("true")),
            ("/preferences/api-control/kh_0", KEYS, Some("true")),
            ("/preferences/account", KEYS, None),
            ("/preferences", KEYS, None),
            ("/preferences/api-controls", KEYS, None),
            ("/", "/", Some("page")),
            ("/preferences/api-control/stagger", KEYS, None),
            ("/preferences/api-control/stagger", "/", Some("true")),
            (KEYS, "/", None),
            ("/", KEYS, None),
        ] {
            assert_eq!(current(path, href), expected, "{href} on {path}");
        }
    }
}

//! Where the account is signed in, with ways to end that.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::HOUR_MS;
use shared::relative::relative;
use shared::view::account::SessionView;

use crate::pages::setting::setting;
use crate::server_fns::account::{EndOtherSessions, EndSession};
use crate::ui::icon::Icon;
use crate::ui::standing::read_only;

/// Sessions in sight; the rest unfold.
const FIRST: usize = 8;

pub fn section(sessions: Vec<SessionView>, now: i64) -> AnyView {
    let about = "The browsers that are signed in to this account. If you don't recognize one, sign it out and change your \
                 password.";
    let others = sessions.iter().filter(|session| !session.here).count();
    let mut rows = sessions.into_iter().map(|session| row(session, now));
    let first: Vec<_> = rows.by_ref().take(FIRST).collect();
    let rest: Vec<_> = rows.collect();
    let more = (!rest.is_empty()).then(|| {
        let count = format!("Show {} more", rest.len());
        view! {
            <details class="rest">
                <summary class="button quiet small">{count}</summary>
                <ul class="sessions">{rest}</ul>
            </details>
        }
    });
    let end = (others > 0 && !read_only()).then(|| {
        view! {
            <form method="post" action=EndOtherSessions::PATH>
                <button type="submit" class="button">
                    "Sign out everywhere else"
                </button>
            </form>
        }
    });
    let card = view! {
        <ul class="sessions">{first}</ul>
        {more}
        {end}
    };
    setting("sessions", "Sessions", about.into_any(), card.into_any())
}

fn row(session: SessionView, now: i64) -> AnyView {
    let name = format!("Sign out {}", session.browser);
    let end = if session.here {
        view! { <span class="pill active">{Icon::CHECK.draw()} "This browser"</span> }.into_any()
    } else if read_only() {
        ().into_any()
    } else {
        view! {
            <form method="post" action=EndSession::PATH>
                <input type="hidden" name="session" value=session.session />
                <button type="submit" class="button quiet small" aria-label=name>
                    "Sign out"
                </button>
            </form>
        }
        .into_any()
    };
    let address = (!session.address.is_empty())
        .then(|| view! { " from " <span class="address">{session.address}</span> });
    view! {
        <li>
            {icon(&session.browser).draw()}
            <div>
                <p class="strong" title=session.agent>
                    {session.browser}
                </p>
                <p class="muted">
                    {last_use(session.seen.at, now)} " · Signed in "
                    <time datetime=session.started.rfc3339>{session.started.text}</time> {address}
                </p>
            </div>
            {end}
        </li>
    }
    .into_any()
}

/// The last use, which is known to the hour.
fn last_use(at: i64, now: i64) -> String {
    if now - at < 2 * HOUR_MS {
        "Active recently".to_owned()
    } else {
        format!("Last active {}", relative(at, now))
    }
}

fn icon(browser: &str) -> Icon {
    let is_phone = ["iPhone", "iPad", "Android"]
        .iter()
        .any(|system| browser.ends_with(system));
    if is_phone { Icon::PHONE } else { Icon::SCREEN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_dated_no_closer_than_it_is_known() {
        assert_eq!(last_use(0, 0), "Active recently");
        assert_eq!(last_use(0, 2 * HOUR_MS - 1), "Active recently");
        assert_eq!(last_use(0, 2 * HOUR_MS), "Last active 2 hours ago");
        assert_eq!(last_use(0, 72 * HOUR_MS), "Last active 3 days ago");
    }

    #[test]
    fn phones_look_like_phones() {
        assert_eq!(icon("Safari on iPhone"), Icon::PHONE);
        assert_eq!(icon("Firefox on Linux"), Icon::SCREEN);
        assert_eq!(icon("Unknown browser"), Icon::SCREEN);
    }
}

//! The page of a portal link: it enters by a form, so that whatever only opens links uses none up.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::mail_link::gate;
use crate::server_fns::context::RequestContext;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;

/// Sends the form at once. Not in a page that is rendered ahead of being opened.
const AT_ONCE: &str = "(() => {
    const enter = () => document.getElementById('enter').requestSubmit();
    if (document.prerendering) document.addEventListener('prerenderingchange', enter, { once: true });
    else enter();
})()";

/// What the page shows. The server provides it.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// The form with the code.
    Open { code: String },
    /// The question before another account's session ends.
    Switch {
        code: String,
        /// Names the present session.
        from: String,
        /// What people call the accounts: the one that is signed in, and that of the link.
        present: String,
        wanted: String,
    },
    /// The link doesn't work.
    Gone,
}

#[component]
pub fn EnterPage() -> impl IntoView {
    let content = match use_context::<Entrance>().unwrap_or(Entrance::Gone) {
        Entrance::Open { code } => open(code),
        Entrance::Switch {
            code,
            from,
            present,
            wanted,
        } => switch(code, from, present, wanted),
        Entrance::Gone => gone(),
    };
    gate(content)
}

fn open(code: String) -> AnyView {
    view! {
        <PageHead title="Your API keys" />
        <form id="enter" class="form" method="post" action="/enter">
            <input type="hidden" name="code" value=code />
            <button type="submit" class="button primary">
                "Continue"
            </button>
        </form>
        <script nonce=use_nonce()>{AT_ONCE}</script>
    }
    .into_any()
}

fn switch(code: String, from: String, present: String, wanted: String) -> AnyView {
    view! {
        <PageHead title="Switch accounts?" />
        <p>
            "This browser is signed in to " <bdi class="strong">{present.clone()}</bdi> ". The link opens "
            <bdi class="strong">{wanted}</bdi> "."
        </p>
        <form class="form" method="post" action="/enter">
            <input type="hidden" name="code" value=code />
            <input type="hidden" name="from" value=from />
            <button type="submit" class="button primary">
                "Switch accounts"
            </button>
        </form>
        <p>
            <a href="/">"Stay in " <bdi>{present}</bdi></a>
        </p>
        <p class="muted">"Didn't open this link yourself? Stay where you are."</p>
    }
    .into_any()
}

fn gone() -> AnyView {
    let request = use_context::<RequestContext>();
    let app = request.and_then(|request| request.site.sign_in.clone());
    let way = app.map(|app| {
        view! {
            <p>
                <a class="button primary" href=app.leading_to("/preferences/api-control")>
                    {format!("Go to {}", app.host())}
                </a>
            </p>
        }
    });
    view! {
        <PageHead title="This link no longer works" />
        <p class="note warn">
            {Icon::CLOCK.draw()} <span>"It works once, for five minutes. Open it from your app again, to get a new one."</span>
        </p>
        {way}
    }
    .into_any()
}

//! What the pages offer. While the account is suspended, they only read: a notice above their content says so and why. A
//! session that a portal link began may lack some functions for as long as it lasts, and then nothing on its pages shows
//! them. The server refuses every such call anyway.

use leptos::prelude::*;
use shared::view::Standing;

use super::reactive::{effect, memo, reactive};
use super::served::part;
use super::toasts::Feedback;
use crate::client::call::query;
use crate::server_fns::account::ShowStanding;

/// The id of the notice, which describes what is disabled.
pub const NOTICE: &str = "suspended";

/// What the path of every function begins with.
const PREFIX: &str = "/fn/";

/// Whether the pages only read, in the browser. The server reads it from the request.
#[derive(Clone, Copy)]
struct ReadOnly(RwSignal<bool>);

/// The functions that the session may not call, by their paths without [`PREFIX`] and separated by blanks, in the browser. The
/// server knows them from the request.
#[derive(Clone)]
struct Withheld(String);

/// Begins with the standing that the server has rendered.
pub fn provide() {
    let rendered = SharedValue::new_str(|| String::from(if at_server() { "1" } else { "" }));
    provide_context(ReadOnly(RwSignal::new(!rendered.into_inner().is_empty())));
    let withheld = SharedValue::new_str(withheld_at_server);
    provide_context(Withheld(withheld.into_inner()));
}

/// Returns whether the page offers the function at `path`, which changes something.
pub fn offers(path: &str) -> bool {
    allows(path) && !read_only()
}

/// Returns whether the session may call the function at `path`.
pub fn allows(path: &str) -> bool {
    #[cfg(feature = "ssr")]
    {
        use crate::server_fns::context::RequestContext;
        use crate::server_fns::registry::admit;
        let may =
            |request: &RequestContext| request.session.is_none() || admit(path, request).is_ok();
        if let Some(may) = with_context(may) {
            return may;
        }
    }
    let name = path.trim_start_matches(PREFIX);
    let withholds = |withheld: &Withheld| withheld.0.split(' ').any(|one| one == name);
    !with_context(withholds).unwrap_or_default()
}

fn withheld_at_server() -> String {
    #[cfg(feature = "ssr")]
    {
        let functions = crate::server_fns::registry::all().into_iter();
        let withheld = functions
            .map(|function| function.path)
            .filter(|path| !allows(path));
        let names = withheld.map(|path| path.trim_start_matches(PREFIX));
        names.collect::<Vec<_>>().join(" ")
    }
    #[cfg(not(feature = "ssr"))]
    String::new()
}

/// Returns whether the pages only read.
pub fn read_only() -> bool {
    if cfg!(feature = "ssr") {
        at_server()
    } else {
        use_context::<ReadOnly>().is_some_and(|read_only| read_only.0.get())
    }
}

/// The value of `aria-describedby` of what is disabled.
pub fn reason() -> Option<&'static str> {
    read_only().then_some(NOTICE)
}

fn at_server() -> bool {
    #[cfg(feature = "ssr")]
    {
        use crate::server_fns::context::RequestContext;
        let is_suspended = |request: &RequestContext| {
            let session = request.session.as_ref();
            session.is_some_and(|session| session.account.suspended.is_some())
        };
        with_context(is_suspended).unwrap_or_default()
    }
    #[cfg(not(feature = "ssr"))]
    false
}

/// The notice, above the content of every page. It is asked for again with everything else.
pub fn standing(feedback: Feedback) -> AnyView {
    let standing = query::<ShowStanding>(Vec::new, Some(feedback.revision));
    let known = use_context::<ReadOnly>();
    effect(move || {
        let answer = standing.get().and_then(Result::ok);
        if let (Some(Standing { notice }), Some(ReadOnly(known))) = (answer, known)
            && known.get_untracked() == notice.is_empty()
        {
            known.set(!notice.is_empty());
        }
    });
    // Within the transition, which waits for the answer.
    let notice = move || {
        part(memo(move || {
            let answer = standing.get().and_then(Result::ok);
            answer.map(|standing| standing.notice).unwrap_or_default()
        }))
    };
    view! {
        <div class="standing" aria-live="polite">
            <Transition>{reactive(notice)}</Transition>
        </div>
    }
    .into_any()
}

#[cfg(feature = "ssr")]
pub use server::notice;

#[cfg(feature = "ssr")]
mod server {
    use leptos::prelude::*;

    use super::NOTICE;
    use crate::error::FnError;
    use crate::server_fns::context::RequestContext;
    use crate::ui::icon::Icon;
    use crate::ui::served::html;

    /// Renders the notice for the account of a request; nothing unless it is suspended, or its session lacks what a form
    /// needs. `error`: the page answers a form that was refused.
    pub fn notice(request: &RequestContext, error: Option<&FnError>) -> String {
        let account = request.session.as_ref().map(|session| &session.account);
        let Some((account, suspension)) =
            account.and_then(|account| Some((account, account.suspended.clone()?)))
        else {
            let error = error.filter(|error| error.code == FnError::NOT_ALLOWED);
            return html(error.map(not_allowed));
        };
        let refused = error.is_some_and(|error| error.code == FnError::SUSPENDED);
        let (rfc3339, since) = (
            vault::rfc3339(suspension.at),
            vault::date_of(suspension.at, account.time_zone),
        );
        let reason = (!suspension.reason.is_empty())
            .then(|| view! { " The reason given: " <q>{suspension.reason}</q> });
        let refused = refused
            .then(|| view! { <p role="alert">"Your change was refused. Nothing was saved."</p> });
        let help = request.vault.support_url().map(|url| {
            let url = url.to_owned();
            view! { <p><a href=url rel="external">"Ask for help"</a></p> }
        });
        let notice = view! {
            <section id=NOTICE class="note warn" aria-label="Suspended account" data-testid="suspended">
                {Icon::WARNING.draw()}
                <div>
                    {refused}
                    <p>
                        <strong>"This account is suspended"</strong> " since "
                        <time datetime=rfc3339>{since}</time> "." {reason}
                    </p>
                    <p>
                        "Its keys are refused and nothing can be changed until it is resumed. Nothing is lost: every key keeps its secret, its expiration and its history."
                    </p>
                    {help}
                </div>
            </section>
        };
        html(Some(notice.into_any()))
    }

    fn not_allowed(error: &FnError) -> AnyView {
        let message = error.message.clone();
        view! {
            <section class="note warn" aria-label="Not allowed" data-testid="not-allowed">
                {Icon::WARNING.draw()} <p role="alert">{message} " Nothing was changed."</p>
            </section>
        }
        .into_any()
    }
}

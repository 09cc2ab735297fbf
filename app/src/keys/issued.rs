//! The card that shows a new key's secret once, and the first call with it.

use std::rc::Rc;

use leptos::prelude::*;
use shared::view::IssuedKey;

use super::first_call::ask_soon;
use crate::client::timers::Delay;
use crate::client::{boot, browser};
use crate::ui::copy::CopyButton;
use crate::ui::hydrated::Hydrated;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, reactive};
use crate::ui::status;

/// The card, with a link to the next page. Leaving it before the secret was copied asks for confirmation. `full_load`: the
/// next page needs a full load, as after sign-up.
pub fn issued_card(
    issued: IssuedKey,
    next: &'static str,
    next_label: &'static str,
    full_load: bool,
) -> AnyView {
    let saved = RwSignal::new(false);
    let access_key = issued.access_key.clone();
    let called = called(access_key.clone());
    effect(move || {
        browser::focus_soon("h1");
        boot::guard_created(&access_key);
    });
    let on_saved = Callback::new(move |()| saved.set(true));
    let (curl, env, file) = (curl(&issued), env(&issued), issued.file.clone());
    let text = env.clone();
    let hydrated = Hydrated::get();
    let download = move |_| {
        boot::download(&file, &text);
        saved.set(true);
    };
    view! {
        <section
            class="card issued"
            data-testid="issued-key"
            aria-label="The new key"
            data-unsaved=move || (!saved.get()).then_some("")
            on:copy=move |_| saved.set(true)
        >
            <p class="note warn">
                {Icon::WARNING.draw()}
                <span>
                    <strong>"You will not see this secret again."</strong>
                    " Only a digest of it is stored. Copy it to your program's configuration now."
                </span>
            </p>
            <dl class="credentials">
                <dt>"Access key"</dt>
                <dd>
                    <code data-testid="access-key">{issued.access_key.clone()}</code>
                    <CopyButton text=issued.access_key what="access key" compact=true />
                </dd>
                <dt>"Secret key"</dt>
                <dd>
                    <code data-testid="secret-key">{issued.secret_key.clone()}</code>
                    <CopyButton text=issued.secret_key what="secret key" compact=true on_copied=on_saved />
                </dd>
            </dl>
            <div class="row">
                <CopyButton
                    text=env
                    word="Copy both"
                    what="as environment variables"
                    primary=true
                    on_copied=on_saved
                />
                <button
                    type="button"
                    class="button"
                    title=issued.file
                    hidden=move || !hydrated.get()
                    on:click=download
                >
                    {Icon::DOWNLOAD.draw()}
                    "Download .env"
                </button>
                <a class="button quiet" href=next rel=full_load.then_some("external")>
                    {next_label}
                </a>
            </div>
            <dl class="credentials first-call">
                <dt>"Try it now"</dt>
                <dd>
                    <code class="line">{curl.clone()}</code>
                    <CopyButton text=curl what="curl line" compact=true on_copied=on_saved />
                </dd>
            </dl>
            <p role="status" class="scripted">
                {reactive(move || {
                    if called.get() {
                        status::fixed("active", Icon::CHECK, "First call seen. The key works.")
                    } else {
                        status::fixed("", Icon::CLOCK, "Waiting for its first call…")
                    }
                })}
            </p>
        </section>
    }
    .into_any()
}

/// Whether a call with the key was accepted, which the card waits for.
fn called(access_key: String) -> RwSignal<bool> {
    let (called, delay) = (RwSignal::new(false), Delay::new());
    effect(move || {
        let fields = vec![("access_key", access_key.clone())];
        let seen = move || {
            let _ = called.try_set(true);
        };
        ask_soon(delay, fields, Rc::new(seen));
    });
    called
}

/// The command that tries the key.
fn curl(issued: &IssuedKey) -> String {
    format!(
        "curl -i -u '{}:{}' {}",
        issued.access_key, issued.secret_key, issued.verify_url
    )
}

/// The key as environment variables, one a line.
fn env(issued: &IssuedKey) -> String {
    format!(
        "{0}_ACCESS_KEY={1}\n{0}_SECRET_KEY={2}\n",
        issued.variable, issued.access_key, issued.secret_key
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_offers_the_key_as_a_command_and_as_variables() {
        let issued = IssuedKey {
            access_key: "kh_0".to_owned(),
            secret_key: "ks_1".to_owned(),
            name: "Cron".to_owned(),
            expires_at: None,
            verify_url: "http://127.0.0.1:3000/verify".to_owned(),
            file: "cron.env".to_owned(),
            variable: "ACME".to_owned(),
            version: String::new(),
        };
        assert_eq!(
            curl(&issued),
            "curl -i -u 'kh_0:ks_1' http://127.0.0.1:3000/verify"
        );
        assert_eq!(env(&issued), "ACME_ACCESS_KEY=kh_0\nACME_SECRET_KEY=ks_1\n");
    }
}

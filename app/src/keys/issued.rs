//! The card that shows a new key's secret once.

use leptos::ev;
use leptos::prelude::*;
use shared::view::IssuedKey;
use wasm_bindgen::{JsCast, JsValue};

use crate::client::browser;
use crate::ui::copy::CopyButton;
use crate::ui::hydrated::Hydrated;
use crate::ui::icon::Icon;
use crate::ui::reactive::effect;

const QUESTION: &str =
    "You haven't copied the secret key, and you won't see it again. Leave anyway?";

/// The card, with a link to the next page. Leaving it before the secret was copied asks for confirmation.
#[component]
pub fn IssuedCard(
    issued: IssuedKey,
    next: &'static str,
    next_label: &'static str,
    /// The next page needs a full load, as after sign-up.
    #[prop(optional)]
    full_load: bool,
) -> impl IntoView {
    let saved = RwSignal::new(false);
    guard(saved);
    let on_saved = Callback::new(move |()| saved.set(true));
    let (curl, env) = (curl(&issued), env(&issued));
    let file = env.clone();
    let hydrated = Hydrated::get();
    let download = move |_| {
        if browser::download("keyhold.env", &file).is_ok() {
            saved.set(true);
        }
    };
    view! {
        <section class="card issued" data-testid="issued-key" aria-labelledby="issued-title" on:copy=move |_| saved.set(true)>
            <h2 id="issued-title" tabindex="-1">
                {Icon::KEY.draw()}
                <span>
                    <bdi>{issued.name}</bdi>
                    " is ready"
                </span>
            </h2>
            <p class="note warn">
                {Icon::WARNING.draw()}
                <span>
                    <strong>"You will not see this secret again."</strong>
                    " Keyhold stores only a digest of it. Copy it to your program's configuration now."
                </span>
            </p>
            <dl class="credentials">
                <dt>"Access key"</dt>
                <dd>
                    <code data-testid="access-key">{issued.access_key.clone()}</code>
                    <CopyButton text=issued.access_key what="access key" />
                </dd>
                <dt>"Secret key"</dt>
                <dd>
                    <code data-testid="secret-key">{issued.secret_key.clone()}</code>
                    <CopyButton text=issued.secret_key what="secret key" on_copied=on_saved />
                </dd>
                <dt>"Try it now"</dt>
                <dd>
                    <code class="line">{curl.clone()}</code>
                    <CopyButton text=curl what="curl line" on_copied=on_saved />
                </dd>
            </dl>
            <div class="row">
                <CopyButton text=env word="Copy both" what="as environment variables" on_copied=on_saved />
                <button type="button" class="button" hidden=move || !hydrated.get() on:click=download>
                    {Icon::DOWNLOAD.draw()}
                    "Download .env"
                </button>
                <a class="button primary" href=next rel=full_load.then_some("external")>
                    {next_label}
                </a>
            </div>
        </section>
    }
    .into_any()
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
        "KEYHOLD_ACCESS_KEY={}\nKEYHOLD_SECRET_KEY={}\n",
        issued.access_key, issued.secret_key
    )
}

/// Asks before the page is left by a reload, a link or the Back button while `saved` is false.
fn guard(saved: RwSignal<bool>) {
    effect(move || {
        browser::focus_soon("#issued-title");
        let stays = move || !saved.get_untracked();

        let unload = window_event_listener(ev::beforeunload, move |event| {
            if stays() {
                event.prevent_default();
                // Browsers before 2024 ask only if this is set.
                event.set_return_value("unsaved");
            }
        });

        // The capture phase comes before the router, which would already have left.
        let click = Listener::capturing("click", move |event| {
            let leaves = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
                .and_then(|element| element.closest("a[href]:not([download])").ok().flatten())
                .is_some();
            if leaves && stays() {
                leave(saved, &event);
            }
        });

        // A second history entry for this page: going back lands on the first, and the page is still there. The
        // listener runs before the router's, so that the router sees only a real leave.
        let _ = again();
        let back = Listener::capturing("popstate", move |event| {
            if !stays() {
                return;
            }
            if browser::confirm(QUESTION) {
                saved.set(true);
                let _ = window().history().and_then(|history| history.back());
            } else {
                let _ = again();
            }
            event.stop_immediate_propagation();
        });

        let unload = StoredValue::new_local(Some(unload));
        let listeners = StoredValue::new_local(Some((click, back)));
        on_cleanup(move || {
            if let Some(unload) = unload.try_update_value(Option::take).flatten() {
                unload.remove();
            }
            listeners.try_update_value(Option::take);
        });
    });
}

fn leave(saved: RwSignal<bool>, event: &web_sys::Event) {
    if browser::confirm(QUESTION) {
        saved.set(true);
    } else {
        event.prevent_default();
        event.stop_immediate_propagation();
    }
}

fn again() -> Result<(), JsValue> {
    let window = window();
    window
        .history()?
        .push_state_with_url(&JsValue::NULL, "", Some(&window.location().href()?))
}

/// A listener on the window for the capture phase, gone when dropped.
struct Listener {
    event: &'static str,
    handler: wasm_bindgen::closure::Closure<dyn Fn(web_sys::Event)>,
}

impl Listener {
    fn capturing(event: &'static str, handler: impl Fn(web_sys::Event) + 'static) -> Self {
        let handler = wasm_bindgen::closure::Closure::new(handler);
        let function: &js_sys::Function = handler.as_ref().unchecked_ref();
        // Fails only for options that do not exist.
        let _ = window().add_event_listener_with_callback_and_bool(event, function, true);
        Self { event, handler }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function: &js_sys::Function = self.handler.as_ref().unchecked_ref();
        let _ = window().remove_event_listener_with_callback_and_bool(self.event, function, true);
    }
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
            version: String::new(),
        };
        assert_eq!(
            curl(&issued),
            "curl -i -u 'kh_0:ks_1' http://127.0.0.1:3000/verify"
        );
        assert_eq!(
            env(&issued),
            "KEYHOLD_ACCESS_KEY=kh_0\nKEYHOLD_SECRET_KEY=ks_1\n"
        );
    }
}

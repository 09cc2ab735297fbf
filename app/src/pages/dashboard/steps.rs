//! The first steps of a new account. Each is derived from what the account has done, so it is done once that is, wherever
//! the owner did it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::view::AddressView;
use shared::view::overview::{FirstSteps, Overview};

use crate::account::address;
use crate::client::call::call;
use crate::client::timers::Delay;
use crate::forms::form::{press, then};
use crate::keys::key_actions::{NEW_KEY, key_path};
use crate::server_fns::overview::{DismissSteps, ShowFirstCall};
use crate::site::SiteUrl;
use crate::ui::copy::CopyButton;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive};
use crate::ui::toasts::Feedback;

/// How often the page asks for the first call, in milliseconds.
const POLL_MS: u32 = 3000;

/// The steps, and whether they are shown. They stay while the page is open, so that the last one can be seen done.
pub fn first_steps(overview: Memo<Overview>, address: Memo<AddressView>) -> (AnyView, Memo<bool>) {
    let first = overview.with_untracked(|overview| overview.steps.clone());
    // Without a key, the page has one thing to say: create one.
    let first = first.filter(|steps| !steps.access_key.is_empty());
    let Some(first) = first else {
        return (().into_any(), memo(|| false));
    };
    let access_key = first.access_key;
    let dismissed = RwSignal::new(false);
    let open = memo(move || !dismissed.get());
    let steps = memo(move || {
        let steps = overview.with(|overview| overview.steps.clone());
        steps.map_or([true; 4], done)
    });
    let called = memo(move || steps.get()[0]);
    wait_for_call(called, open);
    let feedback = Feedback::get();
    let shown = move || {
        feedback.catch_focus();
        open.get()
            .then(|| list(&access_key, steps.get(), &address.get(), dismissed))
    };
    (reactive(shown), open)
}

fn done(steps: FirstSteps) -> [bool; 4] {
    [steps.called, steps.confirmed, steps.named, steps.second]
}

/// Asks for the first call while there was none, the steps are shown and the page is visible.
fn wait_for_call(called: Memo<bool>, open: Memo<bool>) {
    let (delay, feedback) = (Delay::new(), Feedback::get());
    effect(move || {
        if open.get() && !called.get() {
            ask_soon(delay, feedback);
        } else {
            delay.stop();
        }
    });
}

fn ask_soon(delay: Delay, feedback: Feedback) {
    delay.start(POLL_MS, move || {
        if document().hidden() {
            return ask_soon(delay, feedback);
        }
        spawn_local(async move {
            let answer = call(ShowFirstCall::PATH, Vec::new()).await;
            match answer.and_then(|answer| answer.read::<String>()) {
                Ok(called) if !called.is_empty() => feedback.refresh(),
                // The next action leads to the sign-in page.
                Err(error) if error.is_unauthenticated() => {}
                _ => ask_soon(delay, feedback),
            }
        });
    });
}

fn list(
    access_key: &str,
    [called, confirmed, named, second]: [bool; 4],
    address: &AddressView,
    dismissed: RwSignal<bool>,
) -> AnyView {
    let taken = [called, called, confirmed, named, second];
    let taken = taken.into_iter().filter(|done| *done).count();
    let feedback = Feedback::get();
    let dismiss = then(move |_, _| {
        let _ = dismissed.try_set(true);
        feedback.refresh();
        Ok(())
    });
    let confirm = || {
        let (text, choices) = address::request(address)?;
        let body = view! {
            <p>{text}</p>
            <div class="choices">{choices}</div>
        };
        Some(body.into_any())
    };
    let copy = (!called).then(|| copy(access_key));
    let call = (!called).then(|| first_call(access_key));
    let confirm = (!confirmed).then(confirm).flatten();
    let name = (!named).then(|| name(access_key));
    let second = (!second).then(recipient);
    fresh(view! {
        <section class="card wide steps" aria-labelledby="steps-title" data-testid="first-steps">
            <header>
                <h2 id="steps-title">"Get started"</h2>
                <span class="muted">{format!("{taken} of 5 done")}</span>
                {press(DismissSteps::PATH, None, "Dismiss", "button quiet", dismiss)}
            </header>
            <ol>
                {step("Copy your key", copy)}
                {step("Make the first call", call)}
                {step("Confirm your address", confirm)}
                {step("Name a key", name)}
                {step("Add a second recipient", second)}
            </ol>
        </section>
    })
}

/// A step, with what there is to do; none once it is done.
fn step(title: &'static str, body: Option<AnyView>) -> AnyView {
    let done = body.is_none();
    let state = if done { "Done: " } else { "To do: " };
    view! {
        <li class:done=done>
            {done.then(|| Icon::CHECK.draw())}
            <div>
                <h3>
                    <span class="visually-hidden">{state}</span>
                    {title}
                </h3>
                {body}
            </div>
        </li>
    }
    .into_any()
}

fn copy(access_key: &str) -> AnyView {
    let access_key = access_key.to_owned();
    view! {
        <p>
            <span class="together">
                <code>{access_key.clone()}</code>
                <CopyButton text=access_key what="access key" compact=true />
            </span>
            " Its secret key was shown once. If you didn't save it, "
            <a href=NEW_KEY>"create another key"</a> "."
        </p>
    }
    .into_any()
}

fn first_call(access_key: &str) -> AnyView {
    let site = use_context::<SiteUrl>().unwrap_or_default().0;
    let line = format!("curl -i -u '{access_key}:YOUR_SECRET_KEY' {site}/verify");
    view! {
        <p class="together">
            <code class="line">{line.clone()}</code>
            <CopyButton text=line what="curl line" compact=true />
        </p>
        <p class="muted">"Waiting for the first call…"</p>
    }
    .into_any()
}

fn name(access_key: &str) -> AnyView {
    view! {
        <p>
            "Give each program a key of its own, named after it: "
            <a href=key_path(access_key)>"rename this one"</a> " or " <a href=NEW_KEY>"create one"</a> "."
        </p>
    }
    .into_any()
}

fn recipient() -> AnyView {
    view! {
        <p>
            "Someone else who is told before a key expires. " <a href="/preferences/notices" rel="external">"Add an address"</a>
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_own_fact() {
        let steps = |called, confirmed, named, second| FirstSteps {
            access_key: String::new(),
            called,
            confirmed,
            named,
            second,
        };
        assert_eq!(
            done(steps(true, false, false, false)),
            [true, false, false, false]
        );
        assert_eq!(
            done(steps(false, true, false, true)),
            [false, true, false, true]
        );
        assert_eq!(
            done(steps(false, false, true, false)),
            [false, false, true, false]
        );
    }
}

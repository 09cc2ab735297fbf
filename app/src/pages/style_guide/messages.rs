//! Notes, messages, dialogs, and the places of missing content.

use leptos::prelude::*;

use super::{room, section};
use crate::ui::icon::Icon;

pub fn sections() -> AnyView {
    view! {
        {section("notes", "Notes", notes())}
        {section("toasts", "Messages", toasts())}
        {section("cards", "Cards with an edge", cards())}
        {section("dialog", "Dialog", dialog())}
        {section("empty", "Empty, error, loading", empty())}
        {section("offline", "Offline and progress", offline())}
    }
    .into_any()
}

fn notes() -> AnyView {
    let note = |class: &'static str, icon: Icon, text: &'static str| {
        view! {
            <p class=class>
                {icon.draw()}
                <span>{text} " " <a href="/style">"A link"</a></span>
            </p>
        }
    };
    view! {
        {note("note", Icon::MAIL, "A message without a colour.")}
        {note("note good", Icon::CHECK, "Password changed.")}
        {note("note warn", Icon::WARNING, "You won't see this secret again.")}
        {note("note bad", Icon::STOP, "3 callers still fail, last 1 minute ago.")}
    }
    .into_any()
}

fn toasts() -> AnyView {
    let toast = |failed: bool, icon: Icon, text: &'static str, undo: bool| {
        view! {
            <div class="toast" class:failed=failed>
                {icon.draw()} <p>{text}</p>
                {undo.then(|| view! { <button type="button" class="button quiet">"Undo"</button> })}
                <button type="button" class="button quiet compact" aria-label="Close this message">
                    {Icon::CLOSE.draw()}
                </button>
            </div>
        }
    };
    view! {
        {toast(false, Icon::CHECK, "staging now expires on 26 Feb 2027.", true)}
        {toast(false, Icon::CLOCK, "Waiting for a node that does not answer.", false)}
        {toast(true, Icon::WARNING, "The key was changed meanwhile.", false)}
    }
    .into_any()
}

fn cards() -> AnyView {
    view! {
        <section class="card warn" aria-label="A warning">
            <h3>"2 keys expire within the next 14 days."</h3>
            <p class="muted">"The edge is amber, and the ground stays calm."</p>
        </section>
        <section class="card bad" aria-label="An alarm">
            <h3>"1 key has expired and is still called."</h3>
            <p class="muted">"The edge is red."</p>
        </section>
        <section class="card danger" aria-label="Dangerous">
            <h3>"Delete key"</h3>
            <p class="muted">"What cannot be undone."</p>
        </section>
    }
    .into_any()
}

fn dialog() -> AnyView {
    view! {
        <dialog class="dialog" open aria-labelledby="style-dialog-title">
            <h3 id="style-dialog-title">"Delete Nightly export?"</h3>
            <p>"It was last used 4 minutes ago, by 2 callers. Expire it first to see whether anything breaks."</p>
            <div class="answers">
                <button type="button" class="button quiet">"Cancel"</button>
                <button type="button" class="button">"Expire instead"</button>
                <button type="button" class="button danger">"Delete key"</button>
            </div>
        </dialog>
        {room(240)}
    }
    .into_any()
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            {Icon::KEY.draw()} <h3>"No keys yet"</h3>
            <p>"Create one for each program, so that you can expire it without touching the others."</p>
            <a class="button primary" href="/style">"Create your first key"</a>
        </div>
        <p class="waiting">"Loading…"</p>
    }
    .into_any()
}

fn offline() -> AnyView {
    view! {
        <div class="progress going" aria-hidden="true"></div>
        <div class="offline">
            "You're offline. This page may be out of date, and you can't save changes until you're back online."
        </div>
    }
    .into_any()
}

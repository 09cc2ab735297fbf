//! Preferences → Notices: stages, recipients, the calendar, and the delivery log.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::notice::{Stage, Stages};
use shared::validation::FieldErrors;
use shared::version::{of_recipient, of_stages};
use shared::view::notices::{NoticesView, SecondRecipient};

use crate::client::call::query;
use crate::forms::field::{self, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, Then, press, then};
use crate::forms::form_replay::Replay;
use crate::notices::delivery_log::{failures, log};
use crate::server_fns::notices::{
    ChooseStages, RemoveSecondRecipient, ResendConfirmation, ResetCalendar, SetSecondRecipient,
    ShowNotices,
};
use crate::ui::answer::{kept, problem};
use crate::ui::copy::CopyButton;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::reactive::{memo, reactive};
use crate::ui::status;
use crate::ui::toasts::{Feedback, Undo};

#[component]
pub fn NoticesPage() -> impl IntoView {
    let notices = query::<ShowNotices>(Vec::new, Some(Feedback::get().revision));
    view! {
        <PageHead title="Notices" />
        {done_note()}
        {kept(notices, |_| String::new(), content, problem)}
    }
    .into_any()
}

fn content(notices: Memo<NoticesView>) -> AnyView {
    view! {
        {failures(notices)}
        <p class="lead">"Keyhold emails you before a key expires, and when it has expired."</p>
        {stages(notices)}
        {recipients(notices)}
        {calendar(notices)}
        {log(notices)}
    }
    .into_any()
}

fn stages(notices: Memo<NoticesView>) -> AnyView {
    let state = FormState::new(ChooseStages::PATH);
    let replay = Replay::of(ChooseStages::PATH);
    let feedback = Feedback::get();
    let chosen = notices.with_untracked(|notices| notices.stages.clone());
    let version = |chosen: &mut dyn Iterator<Item = Stage>| {
        of_stages(&chosen.collect::<Stages>().to_string())
    };
    let shown = state.versioned(version(&mut chosen.iter().copied()));
    let done = then(move |fields: Fields, _| {
        let mut chosen = Stage::ALL
            .into_iter()
            .filter(|stage| !fields.text(stage.slug()).is_empty());
        let _ = state.version.try_set(version(&mut chosen));
        feedback.changed("Choice saved.");
        Ok(())
    });
    let on = move |stage: Stage| match &replay {
        Some(replay) => replay.field(stage.slug()).is_some(),
        None => chosen.contains(&stage),
    };
    let count = RwSignal::new(Stage::ALL.into_iter().filter(|stage| on(*stage)).count());
    let choice = move |stage: Stage| {
        let choose = move |event| {
            count.update(|count| {
                if event_target_checked(&event) {
                    *count += 1;
                } else {
                    *count = count.saturating_sub(1);
                }
            });
        };
        view! {
            <label class="choice">
                <input type="checkbox" name=stage.slug() value="on" checked=on(stage) on:change=choose />
                <span>{stage.label()}</span>
            </label>
        }
        .into_any()
    };
    let choices = Stage::ALL.map(choice).collect_view();
    view! {
        <section class="card" aria-labelledby="stages-title">
            <h2 id="stages-title">"When to write"</h2>
            <Form state=state then=done>
                {shown}
                <fieldset class="field choices" aria-describedby="stages-note">
                    <legend class="visually-hidden">"Stages"</legend>
                    <div class="stages">{choices}</div>
                    <p class="help" id="stages-note">
                        "A warning is sent only if the key's lifetime is at least twice the lead time: a key created for a week gets no notice a month ahead. Keys that are due together share one email."
                    </p>
                </fieldset>
                <div class="live" role="status">
                    {reactive(move || {
                        (count.get() == 0)
                            .then(|| {
                                view! {
                                    <p class="note warn">
                                        {Icon::WARNING.draw()}
                                        <span>
                                            "With none selected, no notice is sent when a key expires. The Dashboard still shows it."
                                        </span>
                                    </p>
                                }
                            })
                    })}
                </div>
                <Submit state=state label="Save choice" />
            </Form>
        </section>
    }
    .into_any()
}

fn recipients(notices: Memo<NoticesView>) -> AnyView {
    let feedback = Feedback::get();
    let email = notices.with_untracked(|notices| notices.email.clone());
    let own = memo(move || notices.with(|notices| (notices.confirmed, notices.owned)));
    let second = memo(move || notices.with(|notices| notices.second_recipient.clone()));
    view! {
        <section class="card" aria-labelledby="recipients-title">
            <h2 id="recipients-title">"Where to write"</h2>
            <div class="recipient">
                <strong>
                    <bdi>{email}</bdi>
                </strong>
                {reactive(move || confirmation(own.get().0))}
                {reactive(move || (!own.get().1).then(|| resend("account")))}
            </div>
            <p class="help">
                {reactive(move || {
                    match own.get() {
                        (true, true) => "The account's own address. It gets every notice.",
                        (true, false) => {
                            "The account's own address. It gets every notice. It was confirmed from a browser that was not signed in, so resetting your password would expire your keys. To prevent that, request a link and open it in this browser."
                        }
                        (false, _) => {
                            "The account's own address. It already gets every notice. Open the link in our email in this browser, to show that email arrives and that the account is yours."
                        }
                    }
                })}
            </p>
            <h3>"Second recipient"</h3>
            {reactive(move || {
                feedback.catch_focus();
                match second.get() {
                    Some(second) => present(second),
                    None => absent(),
                }
            })}
        </section>
    }
    .into_any()
}

fn confirmation(confirmed: bool) -> AnyView {
    if confirmed {
        status::fixed("active", Icon::CHECK, "Confirmed")
    } else {
        status::fixed("expiring", Icon::CLOCK, "Not confirmed yet")
    }
}

fn resend(recipient: &'static str) -> AnyView {
    press(
        ResendConfirmation::PATH,
        Some(("recipient", recipient.to_owned())),
        "Send the link again",
        "button",
        says("We sent a new link. Earlier ones no longer work."),
    )
}

fn present(second: SecondRecipient) -> AnyView {
    let feedback = Feedback::get();
    let address = second.address.clone();
    let version = of_recipient(Some(&address));
    let removed = then(move |_, _| {
        let undo = Undo {
            path: SetSecondRecipient::PATH,
            fields: vec![
                ("address", address.clone()),
                ("version", of_recipient(None)),
            ],
            done: format!("We sent {address} a link to confirm it again."),
        };
        feedback.undoable_by(format!("{address} gets no more notices."), Some(undo));
        Ok(())
    });
    view! {
        <div class="recipient">
            <strong>
                <bdi>{second.address}</bdi>
            </strong>
            {confirmation(second.confirmed)}
            {(!second.confirmed).then(|| resend("second"))}
            {press(RemoveSecondRecipient::PATH, Some(("version", version)), "Remove", "button", removed)}
        </div>
        <p class="help">
            {if second.confirmed {
                "It gets every notice that you get."
            } else {
                "It gets no notices until the link in the email that we sent there is opened."
            }}
        </p>
    }
    .into_any()
}

fn absent() -> AnyView {
    let state = FormState::new(SetSecondRecipient::PATH);
    let version = state.versioned(of_recipient(None));
    view! {
        <Form state=state check=check_address then=says("We sent a confirmation link to the address.")>
            {version}
            <TextField
                state=state
                name="address"
                label="Address"
                kind="email"
                help="For example your team's. We send it a link first, and no notices until it is confirmed."
            />
            <Submit state=state label="Add recipient" class="button" />
        </Form>
    }
    .into_any()
}

fn check_address(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    field::check_email(&mut errors, "address", fields);
    errors
}

fn calendar(notices: Memo<NoticesView>) -> AnyView {
    let address = memo(move || notices.with(|notices| notices.calendar_url.clone()));
    view! {
        <section class="card" aria-labelledby="calendar-title">
            <h2 id="calendar-title">"Calendar"</h2>
            <p>
                "Subscribe to this address in your calendar app (“from URL”) to see each key's expiration there."
            </p>
            {reactive(move || {
                let address = address.get();
                view! {
                    <div class="example">
                        <pre tabindex="0">
                            <code data-testid="calendar-url">{address.clone()}</code>
                        </pre>
                        <CopyButton text=address what="calendar address" />
                    </div>
                }
            })}
            <p class="help">
                "Anyone with this address can see your keys' names and expirations. Reset it to end that: the old address stops working at once, and you have to subscribe your calendars again."
            </p>
            {press(
                ResetCalendar::PATH,
                None,
                "Reset address",
                "button",
                says("The calendar has a new address. The old one no longer works."),
            )}
        </section>
    }
    .into_any()
}

/// Reports a success, and shows the new state.
fn says(text: &'static str) -> Then {
    let feedback = Feedback::get();
    then(move |_, _| {
        feedback.changed(text);
        Ok(())
    })
}

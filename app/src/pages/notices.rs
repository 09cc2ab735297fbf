//! Preferences → Notices: stages, recipients, the calendar, and the delivery log. The server renders it; its forms are
//! plain ones.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::notice::{Stage, Stages};
use shared::version::{of_recipient, of_stages};
use shared::view::notices::{NoticesView, SecondRecipient};

use crate::client::call::query;
use crate::forms::field::TextField;
use crate::forms::form::{Form, FormState, Submit, plain_press};
use crate::forms::form_replay::Replay;
use crate::notices::delivery_log::{failures, log};
use crate::server_fns::notices::{
    ChooseStages, RemoveSecondRecipient, ResendConfirmation, ResetCalendar, SetSecondRecipient,
    ShowNotices,
};
use crate::ui::answer::answered;
use crate::ui::copy::CopyButton;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::status;

#[component]
pub fn NoticesPage() -> impl IntoView {
    let notices = query::<ShowNotices>(Vec::new, None);
    view! {
        <PageHead title="Notices" />
        {done_note()}
        {answered(notices, content)}
    }
    .into_any()
}

fn content(notices: NoticesView) -> AnyView {
    view! {
        {failures(&notices)}
        <p class="lead">"We email you before a key expires, and when it has expired."</p>
        {stages(&notices.stages)}
        {recipients(&notices)}
        {calendar(notices.calendar_url.clone())}
        {log(notices)}
    }
    .into_any()
}

fn stages(chosen: &[Stage]) -> AnyView {
    let state = FormState::new(ChooseStages::PATH);
    let replay = Replay::of(ChooseStages::PATH);
    let version = state.versioned(of_stages(
        &chosen.iter().copied().collect::<Stages>().to_string(),
    ));
    let on = |stage: Stage| match &replay {
        Some(replay) => replay.field(stage.slug()).is_some(),
        None => chosen.contains(&stage),
    };
    let choice = |stage: Stage| {
        view! {
            <label class="choice">
                <input type="checkbox" name=stage.slug() value="on" checked=on(stage) />
                <span>{stage.label()}</span>
            </label>
        }
        .into_any()
    };
    let choices = Stage::ALL.map(choice).collect_view();
    view! {
        <section class="card" aria-labelledby="stages-title">
            <h2 id="stages-title">"When we email you"</h2>
            <Form state=state>
                {version}
                <fieldset class="field choices" aria-describedby="stages-note">
                    <legend class="visually-hidden">"Stages"</legend>
                    <div class="stages">{choices}</div>
                    <p class="help" id="stages-note">
                        "We skip warnings that are too early for short-lived keys: a 7-day key isn't announced 30 days ahead. Keys that are due together share one email."
                    </p>
                </fieldset>
                // The style sheet shows it while no stage is chosen.
                <p class="note warn none-chosen" role="status">
                    {Icon::WARNING.draw()}
                    <span>"With none selected, we send no email when a key expires. The Dashboard still shows it."</span>
                </p>
                <Submit state=state label="Save" />
            </Form>
        </section>
    }
    .into_any()
}

fn recipients(notices: &NoticesView) -> AnyView {
    let help = match (notices.confirmed, notices.owned) {
        (true, true) => "The account's own address. It gets every notice.",
        (true, false) => {
            "The account's own address. It gets every notice. It was confirmed from a browser that wasn't signed in, so resetting your password would expire your keys. To prevent that, request a link and open it in this browser."
        }
        (false, _) => {
            "The account's own address. It already gets every notice. Open the link in our email in this browser, to show that email arrives and that the account is yours."
        }
    };
    view! {
        <section class="card" aria-labelledby="recipients-title">
            <h2 id="recipients-title">"Recipients"</h2>
            <div class="recipient">
                <strong>
                    <bdi>{notices.email.clone()}</bdi>
                </strong>
                {confirmation(notices.confirmed)}
                {(!notices.owned).then(|| resend("account"))}
            </div>
            <p class="help">{help}</p>
            <h3>"Second recipient"</h3>
            {match notices.second_recipient.clone() {
                Some(second) => present(second),
                None => absent(),
            }}
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
    let recipient = ("recipient", recipient.to_owned());
    plain_press(
        ResendConfirmation::PATH,
        Some(recipient),
        "Send the link again",
        "button",
    )
}

fn present(second: SecondRecipient) -> AnyView {
    let version = ("version", of_recipient(Some(&second.address)));
    view! {
        <div class="recipient">
            <strong>
                <bdi>{second.address}</bdi>
            </strong>
            {confirmation(second.confirmed)}
            {(!second.confirmed).then(|| resend("second"))}
            {plain_press(RemoveSecondRecipient::PATH, Some(version), "Remove", "button")}
        </div>
        <p class="help">
            {if second.confirmed {
                "It gets every notice that you get."
            } else {
                "No notices go there until someone opens the link we sent."
            }}
        </p>
    }
    .into_any()
}

fn absent() -> AnyView {
    let state = FormState::new(SetSecondRecipient::PATH);
    let version = state.versioned(of_recipient(None));
    view! {
        <Form state=state>
            {version}
            <TextField
                state=state
                name="address"
                label="Address"
                kind="email"
                help="For example your team's. We send it a link first, and no notices until it's confirmed."
            />
            <Submit state=state label="Add recipient" class="button" />
        </Form>
    }
    .into_any()
}

fn calendar(address: String) -> AnyView {
    view! {
        <section class="card" aria-labelledby="calendar-title">
            <h2 id="calendar-title">"Calendar"</h2>
            <p>"Subscribe to this address in your calendar app (“from URL”) to see when each key expires."</p>
            <div class="example">
                <pre tabindex="0">
                    <code data-testid="calendar-url">{address.clone()}</code>
                </pre>
                <CopyButton text=address what="calendar address" />
            </div>
            <p class="help">
                "Anyone with this address can see your keys' names and expirations. Resetting it ends that: the old address stops working, and you'll have to subscribe your calendars again."
            </p>
            {plain_press(ResetCalendar::PATH, None, "Reset address", "button")}
        </section>
    }
    .into_any()
}

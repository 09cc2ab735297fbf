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
use crate::pages::setting::setting;
use crate::server_fns::account::ChangeAddress;
use crate::server_fns::notices::{
    ChooseStages, RemoveSecondRecipient, ResendConfirmation, ResetCalendar, SetSecondRecipient,
    ShowNotices,
};
use crate::ui::answer::answered;
use crate::ui::copy::CopyButton;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::standing::offers;
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
        <div class="settings">
            {stages(&notices.stages)} {recipients(&notices)}
            {(!notices.calendar_url.is_empty()).then(|| calendar(notices.calendar_url.clone()))}
            {log(notices)}
        </div>
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
    let about = "How early we warn you about a key that is about to expire. Keys that are due together share one email.";
    let card = view! {
        <Form state=state>
            {version}
            <fieldset class="field choices" aria-describedby="stages-note">
                <legend class="visually-hidden">"Stages"</legend>
                <div class="stages">{choices}</div>
                <p class="help" id="stages-note">
                    "Short-lived keys get the later warnings only: we don't announce a 7-day key 30 days ahead."
                </p>
            </fieldset>
            // The style sheet shows it while no stage is chosen.
            <p class="note warn none-chosen" role="status">
                {Icon::WARNING.draw()}
                <span>"With none selected, we send no email when a key expires. The Dashboard still shows it."</span>
            </p>
            <Submit state=state label="Save" />
        </Form>
    };
    setting(
        "stages",
        "When we email you",
        about.into_any(),
        card.into_any(),
    )
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
    // An account that the operator manages may have no address of its own.
    let has_address = !notices.email.is_empty();
    let change = (has_address && offers(ChangeAddress::PATH)).then(|| {
        view! { <a href="/preferences/account#address">"Change the account's address"</a> }
    });
    let own = has_address.then(|| {
        view! {
            <div class="recipient" id="address">
                <strong>
                    <bdi>{notices.email.clone()}</bdi>
                </strong>
                {confirmation(notices.confirmed)}
                {(!notices.owned).then(|| resend("account"))}
            </div>
            <p class="help">{help}</p>
        }
    });
    let about = view! {
        "Who gets these emails. "
        {change}
    };
    let card = view! {
        {own}
        {of_operator(&notices.of_operator)}
        <h3>"Second recipient"</h3>
        {match notices.second_recipient.clone() {
            Some(second) => present(second),
            None => absent(),
        }}
    };
    setting(
        "recipients",
        "Recipients",
        about.into_any(),
        card.into_any(),
    )
}

/// The addresses that the operator has set, who alone changes them.
fn of_operator(addresses: &[String]) -> Option<AnyView> {
    let address = |address: &String| {
        view! {
            <li class="recipient">
                <strong>
                    <bdi>{address.clone()}</bdi>
                </strong>
            </li>
        }
        .into_any()
    };
    let list: Vec<AnyView> = addresses.iter().map(address).collect();
    let part = || {
        view! {
            <h3>"Set by the operator"</h3>
            <ul class="of-operator" data-testid="of-operator">{list}</ul>
            <p class="help">
                "The operator of this site chose these addresses for your account. They get every notice. Only the operator can change them."
            </p>
        }
    };
    (!addresses.is_empty()).then(|| part().into_any())
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
        "button small",
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
            {plain_press(RemoveSecondRecipient::PATH, Some(version), "Remove", "button small")}
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
            <Submit state=state label="Add recipient" />
        </Form>
    }
    .into_any()
}

fn calendar(address: String) -> AnyView {
    let about = "See when each key expires in your calendar: subscribe to this address in your calendar app (“from URL”).";
    let card = view! {
        <div class="example broken">
            <pre>
                <code data-testid="calendar-url">{address.clone()}</code>
            </pre>
            <CopyButton text=address what="calendar address" />
        </div>
        <p class="help">
            "Anyone with this address can see your keys' names and expirations. If it gets into the wrong hands, reset it: the old address stops working, and you subscribe your calendars again."
        </p>
        {plain_press(ResetCalendar::PATH, None, "Reset address", "button")}
    };
    setting("calendar", "Calendar", about.into_any(), card.into_any())
}

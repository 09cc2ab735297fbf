//! Confirmation: the page of links that confirm an address or stop notices.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::mail::LinkPurpose;
use shared::view::notices::LinkView;

use super::mail_link::{gate, linked, query};
use crate::forms::form::{Form, FormState, Submit, then};
use crate::server_fns::context::RequestContext;
use crate::server_fns::links::Confirm;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;

/// Confirms an address, or stops notices to it.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    if query("done") == "confirmed" {
        return gate(
            view! {
                <PageHead title="Done" />
                <p class="note good" role="status">
                    {Icon::CHECK.draw()}
                    <span>"Saved. You can close this page."</span>
                </p>
                <p>
                    "Is the account yours? " <a href="/preferences/notices">"Go to Notices"</a>
                </p>
            }
            .into_any(),
        );
    }
    let state = FormState::new(Confirm::PATH);
    linked(state, move |link, token| {
        let (title, what, label) = match link.purpose {
            LinkPurpose::ConfirmAddress => (
                "Confirm your address",
                confirms_own(&link, &token),
                "Confirm this address",
            ),
            LinkPurpose::ConfirmSecondRecipient => (
                "Receive notices?",
                confirms_second(&link),
                "Receive the notices",
            ),
            LinkPurpose::ChangeAddress => {
                ("Use this address?", changes_own(&link), "Use this address")
            }
            LinkPurpose::StopNotices => ("Stop the notices?", stops(&link), "Stop the notices"),
            LinkPurpose::ResetPassword => return None,
        };
        Some(
            view! {
                <PageHead title=title />
                {what}
                <Form state=state then=then(|_, _| Ok(()))>
                    <input type="hidden" name="token" value=token />
                    <Submit state=state label=label />
                </Form>
            }
            .into_any(),
        )
    })
}

fn confirms_own(link: &LinkView, token: &str) -> AnyView {
    let request = use_context::<RequestContext>();
    let session = request
        .as_ref()
        .and_then(|request| request.session.as_ref());
    let here = session.map(|session| session.account.email.clone());
    let first = match here {
        Some(here) if here == link.account => None,
        Some(here) => Some(
            view! {
                "This browser is signed in as " <bdi>{here}</bdi>
                ". If you created the account, sign out and open this link again. "
            }
            .into_any(),
        ),
        None => {
            let back = format!("/sign-in?next=/confirm%3Ftoken%3D{token}");
            Some(
                view! { "If you created the account, " <a href=back>"sign in here"</a> " first. " }
                    .into_any(),
            )
        }
    };
    let signed_out = first.map(|first| {
        view! {
            <p class="note">
                {Icon::WARNING.draw()}
                <span>
                    {first}
                    "If you confirm from a browser that isn't signed in, the address gets notices, but resetting the password expires the keys created before."
                </span>
            </p>
        }
    });
    view! {
        <p>
            "Confirm that you get email at " <bdi class="quoted">{link.address.clone()}</bdi>
            ", so that we can warn you before an API key expires."
        </p>
        {signed_out}
        <p class="muted">
            "Didn't sign up? Don't confirm: the person who created the account knows its password and API keys. Close this page, or "
            <a href="/forgot-password">"set a new password"</a> " to take over the account, which expires the keys created before."
        </p>
    }
    .into_any()
}

fn changes_own(link: &LinkView) -> AnyView {
    view! {
        <p>
            "The account " <bdi class="quoted">{link.account.clone()}</bdi> " wants to use "
            <bdi class="quoted">{link.address.clone()}</bdi> " as its address, to sign in and for all emails."
        </p>
        <p class="muted">"Don't know this account? Close this page, and nothing changes."</p>
    }
    .into_any()
}

fn confirms_second(link: &LinkView) -> AnyView {
    view! {
        <p>
            <bdi class="quoted">{link.account.clone()}</bdi> " wants to send notices about its API keys to "
            <bdi class="quoted">{link.address.clone()}</bdi> " too: which keys expire, and when."
        </p>
        <p class="muted">"Don't know this account, or don't want this? Close this page, and nothing is sent."</p>
    }
    .into_any()
}

fn stops(link: &LinkView) -> AnyView {
    view! {
        <p>
            "Notices about the API keys of " <bdi class="quoted">{link.account.clone()}</bdi> " also go to "
            <bdi class="quoted">{link.address.clone()}</bdi> ". They stop right away, for everyone who reads email at this address."
        </p>
    }
    .into_any()
}

//! Where the links in mails lead, and the page that asks for one of them.
//!
//! They are opened once in a while and hold one form, so they come without script and are not part of what the
//! browser loads. A link does nothing by being opened: mail scanners open every link they see.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_location;
use shared::notice::{LinkPurpose, LinkView};
use shared::validation;

use crate::error::FnError;
use crate::forms::field::{PasswordField, TextField};
use crate::forms::form::{Form, FormState, Submit, then};
use crate::server_fns::context::Request;
use crate::server_fns::links::{Confirm, ForgotPassword, ResetPassword, show_link};
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::layout::brand;

/// Asks for a link to a new password.
#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    let content = if query("done") == "sent" {
        view! {
            <PageHead title="Look into your mail" />
            <p>
                "If there is an account with that address, a link to set a new password is on its way. It works once, within an hour."
            </p>
            <p class="muted">"Nothing there? Look among the unwanted mail, or " <a href="/forgot-password">"try again"</a> "."</p>
        }
        .into_any()
    } else {
        let state = FormState::new(ForgotPassword::PATH);
        view! {
            <PageHead title="Forgot your password?" />
            <p>"Enter your address, and a link to set a new password is sent there."</p>
            <Form state=state then=then(|_, _| Ok(()))>
                <TextField state=state name="email" label="E-mail" kind="email" autocomplete="username" />
                <Submit state=state label="Send the link" />
            </Form>
        }
        .into_any()
    };
    gate(view! { {content} <p><a href="/sign-in">"Sign in"</a></p> }.into_any())
}

/// Sets a new password.
#[component]
pub fn ResetPasswordPage() -> impl IntoView {
    let state = FormState::new(ResetPassword::PATH);
    linked(state, move |link, token| {
        (link.purpose == LinkPurpose::ResetPassword).then(|| {
            let claims = (!link.owned).then(|| {
                view! {
                    <p class="note warn">
                        {Icon::WARNING.draw()}
                        <span>
                            "This address was not confirmed from a browser signed in to the account, so someone else may have made it. Setting a new password confirms the address and expires the API keys made before; you can restore those that you know."
                        </span>
                    </p>
                }
            });
            view! {
                <PageHead title="Set a new password" />
                {claims}
                <Form state=state then=then(|_, _| Ok(()))>
                    <input type="hidden" name="token" value=token />
                    // Without a name it is not sent: it tells password managers whose password this is.
                    <input type="email" autocomplete="username" value=link.account.clone() readonly hidden />
                    <p>"For the account " <bdi class="quoted">{link.account}</bdi></p>
                    <PasswordField
                        state=state
                        name="new_password"
                        label="New password"
                        autocomplete="new-password"
                        help=format!(
                            "At least {} characters. Every session of the account ends, and you sign in with the new password.",
                            validation::PASSWORD_MIN_CHARS,
                        )
                    />
                    <Submit state=state label="Set new password" />
                </Form>
            }
            .into_any()
        })
    })
}

/// Confirms an address, or says that it wants no more mail.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    if query("done") == "confirmed" {
        return gate(
            view! {
                <PageHead title="Done" />
                <p class="note good" role="status">
                    {Icon::CHECK.draw()}
                    <span>"Your answer is noted. You can close this page."</span>
                </p>
                <p>
                    "If the account is yours: " <a href="/preferences/notices">"Notices"</a>
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
    let request = use_context::<Request>();
    let session = request
        .as_ref()
        .and_then(|request| request.session.as_ref());
    let here = session.map(|session| session.account.email.clone());
    let first = match here {
        Some(here) if here == link.account => None,
        Some(here) => Some(
            view! {
                "This browser is signed in as " <bdi>{here}</bdi>
                ". If you made the account, sign out and open this link again. "
            }
            .into_any(),
        ),
        None => {
            let back = format!("/sign-in?next=/confirm%3Ftoken%3D{token}");
            Some(
                view! { "If you made the account, " <a href=back>"sign in here"</a> " first. " }
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
                    "Confirmed from a browser without its sign-in, the address gets notices, but setting a forgotten password expires the keys made before."
                </span>
            </p>
        }
    });
    view! {
        <p>
            "Confirm that mail to " <bdi class="quoted">{link.address.clone()}</bdi>
            " reaches you: notices about your API keys are sent there."
        </p>
        {signed_out}
        <p class="muted">
            "You did not sign up? Then do not confirm: whoever made the account knows its password and its API keys. Close this page, or "
            <a href="/forgot-password">"set a new password"</a> " to take the account over, which expires the keys made before."
        </p>
    }
    .into_any()
}

fn changes_own(link: &LinkView) -> AnyView {
    view! {
        <p>
            "The account " <bdi class="quoted">{link.account.clone()}</bdi> " asks to use "
            <bdi class="quoted">{link.address.clone()}</bdi> " as its address: to sign in with, and for every email."
        </p>
        <p class="muted">"You do not know that account? Close this page, and nothing changes."</p>
    }
    .into_any()
}

fn confirms_second(link: &LinkView) -> AnyView {
    view! {
        <p>
            <bdi class="quoted">{link.account.clone()}</bdi> " asks that notices about its API keys also go to "
            <bdi class="quoted">{link.address.clone()}</bdi> ": which keys expire, and when."
        </p>
        <p class="muted">"You do not know that account, or do not want this? Close this page, and nothing is sent."</p>
    }
    .into_any()
}

fn stops(link: &LinkView) -> AnyView {
    view! {
        <p>
            "Notices about the API keys of " <bdi class="quoted">{link.account.clone()}</bdi> " also go to "
            <bdi class="quoted">{link.address.clone()}</bdi> ". They stop at once, for everybody who reads mail there."
        </p>
    }
    .into_any()
}

/// The page of a link: `show` makes it of what the link does and its token, unless the link is one for another
/// page.
fn linked(
    state: FormState,
    show: impl FnOnce(LinkView, String) -> Option<AnyView> + Send + 'static,
) -> AnyView {
    let token = state.value("token", query("token"));
    let content = Suspend::new(async move {
        match show_link(token.clone()).await {
            Ok(link) => show(link, token).unwrap_or_else(gone),
            Err(error) if error.code == FnError::LINK_GONE => gone(),
            Err(error) => {
                set_status(&error);
                view! {
                    <PageHead title="This cannot be shown right now" />
                    <p>{error.message}</p>
                    <p>"Then open the link once more."</p>
                }
                .into_any()
            }
        }
    });
    gate(view! { <Suspense>{content}</Suspense> }.into_any())
}

/// What is left of a link that was used or has expired, or never was one.
fn gone() -> AnyView {
    set_status(&vault::Error::LinkGone.into());
    view! {
        <PageHead title="This link no longer works" />
        <p>"It has been used, a newer one has taken its place, or its time is over."</p>
        <ul class="ways">
            <li>"For a new password: " <a href="/forgot-password">"ask for a new link"</a></li>
            <li>"To confirm an address: sign in and ask for a new link under " <a href="/preferences/notices">"Notices"</a></li>
        </ul>
    }
    .into_any()
}

fn set_status(error: &FnError) {
    if let (Some(response), Ok(status)) = (
        use_context::<ResponseOptions>(),
        http::StatusCode::from_u16(error.http_status()),
    ) {
        response.set_status(status);
    }
}

/// A value from the address.
fn query(name: &str) -> String {
    use_location()
        .query
        .with_untracked(|query| query.get_str(name).unwrap_or_default().to_owned())
}

/// A narrow page with one thing on it. Whoever is signed in has the way home in the navigation.
fn gate(content: AnyView) -> AnyView {
    let stranger = use_context::<Request>().is_none_or(|request| request.session.is_none());
    view! { <div class="gate">{stranger.then(brand)} {content}</div> }.into_any()
}

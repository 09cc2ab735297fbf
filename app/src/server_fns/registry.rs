//! The registry of server functions, with the access, the fields, and the answer without JavaScript of each. The server
//! calls no function that is not registered here.

use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::{
    ChangeAddress, ChangePassword, DeleteAccount, EndOtherSessions, EndSession, KeepAddress,
    SavePreferences, SaveTable, SetTheme, ShowAccount, ShowAddress, ShowSessions, ShowStanding,
    SignIn, SignOut, SignUp,
};
use super::keys::{
    BulkKeys, CreateKey, DeleteKey, EditKey, ExpireKey, ListKeys, PreviewBulk, RestoreKey,
    ShowCalls, ShowDeletion, ShowExpiry, ShowKey, ShowTable, ShowWait, UndoChange, WhichKey,
};
use super::links::{Confirm, ForgotPassword, ResetPassword, ShowLink};
use super::notices::{
    ChooseStages, RemoveSecondRecipient, ResendConfirmation, ResetCalendar, SendAgain,
    SetSecondRecipient, ShowNotices,
};
use super::overview::{
    DismissClaim, DismissSteps, ShowFirstCall, ShowOverview, ShowStagger, SnoozeKey, StaggerKeys,
};
use crate::client::call::{FormFields, Replying, run};
use crate::error::FnError;
use Access::{Public, SignedIn};
use Done::{Back, Page, Redirect};

/// The callers that a function admits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    Public,
    SignedIn,
}

/// The answer to a browser without JavaScript after a success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// A redirect to a page. `{access_key}` stands for that field of the form, `{next}` for a local path in it, `{list}` for
    /// its fields that choose keys, as the address of the list has them, `{change}`
    /// for that field of the answer, `{back}` for the page of the form. A form of the Dashboard leads back there, with the
    /// same note. The fragment is the part of the page that the form is in, so that one stays there.
    Redirect(&'static str),
    /// A redirect back to the page of the form.
    Back,
    /// The form's own page, with the answer in it: the only way to show a secret once.
    Page,
}

/// One server function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    pub path: &'static str,
    pub fields: &'static [&'static str],
    pub access: Access,
    /// The page whose form calls it, rendered again with the typed text when the call fails. None: it has no form.
    pub page: Option<&'static str>,
    pub done: Done,
    /// Calls the function with fields that it has, each at most once. The reactive context must hold the
    /// [`RequestContext`](super::context::RequestContext) and the response's options.
    pub run: fn(FormFields) -> Replying,
}

fn function<F>(access: Access, page: Option<&'static str>, done: Done) -> Function
where
    F: ServerFn<Error = FnError> + DeserializeOwned,
    F::Output: Serialize,
{
    Function {
        path: F::PATH,
        fields: serde_aux::serde_introspection::serde_introspect::<F>(),
        access,
        page,
        done,
        run: run::<F>,
    }
}

/// Every server function.
pub fn all() -> Vec<Function> {
    let mut all = account().to_vec();
    all.extend(keys());
    all.extend(changes());
    all.extend(dashboard());
    all.extend(notices());
    all.extend(links());
    all
}

fn account() -> [Function; 16] {
    const PAGE: Option<&str> = Some("/preferences/account");
    [
        function::<SignUp>(Public, Some("/sign-up"), Page),
        function::<SignIn>(Public, Some("/sign-in"), Redirect("{next}")),
        function::<SignOut>(SignedIn, None, Redirect("/sign-in?done=signed-out")),
        function::<ShowAccount>(SignedIn, None, Back),
        // Every page asks, those without a session too.
        function::<ShowStanding>(Public, None, Back),
        function::<SavePreferences>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=saved#preferences"),
        ),
        function::<SaveTable>(SignedIn, Some("/preferences/api-control"), Back),
        function::<ChangePassword>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=password#password"),
        ),
        function::<ShowAddress>(SignedIn, None, Back),
        function::<ChangeAddress>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=address#address"),
        ),
        function::<KeepAddress>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=address-kept#address"),
        ),
        function::<ShowSessions>(SignedIn, None, Back),
        function::<EndSession>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=session-ended#sessions"),
        ),
        function::<EndOtherSessions>(
            SignedIn,
            PAGE,
            Redirect("/preferences/account?done=sessions-ended#sessions"),
        ),
        function::<DeleteAccount>(SignedIn, PAGE, Redirect("/sign-in?done=account-deleted")),
        function::<SetTheme>(SignedIn, None, Back),
    ]
}

fn keys() -> [Function; 14] {
    const PAGE: Option<&str> = Some("/preferences/api-control/{access_key}");
    [
        function::<CreateKey>(SignedIn, Some("/preferences/api-control/new"), Page),
        function::<EditKey>(
            SignedIn,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=edited&change={change}"),
        ),
        function::<ExpireKey>(
            SignedIn,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=expired&change={change}"),
        ),
        function::<RestoreKey>(
            SignedIn,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=restored&change={change}"),
        ),
        function::<DeleteKey>(
            SignedIn,
            PAGE,
            Redirect("/preferences/api-control?done=deleted"),
        ),
        function::<ListKeys>(SignedIn, None, Back),
        function::<ShowTable>(SignedIn, None, Back),
        function::<ShowKey>(SignedIn, None, Back),
        function::<ShowCalls>(SignedIn, None, Back),
        function::<ShowDeletion>(SignedIn, None, Back),
        function::<WhichKey>(SignedIn, None, Back),
        function::<ShowExpiry>(SignedIn, None, Back),
        function::<PreviewBulk>(SignedIn, None, Back),
        function::<ShowWait>(SignedIn, None, Back),
    ]
}

fn dashboard() -> [Function; 7] {
    const STAGGER: Option<&str> = Some("/preferences/api-control/stagger");
    [
        function::<ShowOverview>(SignedIn, None, Back),
        function::<DismissClaim>(SignedIn, Some("/"), Redirect("/")),
        function::<DismissSteps>(SignedIn, Some("/"), Redirect("/")),
        function::<ShowFirstCall>(SignedIn, None, Back),
        function::<SnoozeKey>(SignedIn, Some("/"), Redirect("/?done=snooze")),
        function::<ShowStagger>(SignedIn, None, Back),
        function::<StaggerKeys>(
            SignedIn,
            STAGGER,
            Redirect("/?done=staggered&change={change}"),
        ),
    ]
}

/// Changes of keys from the table, and the undo of every change.
fn changes() -> [Function; 2] {
    [
        function::<BulkKeys>(
            SignedIn,
            Some("/preferences/api-control?{list}"),
            Redirect("/preferences/api-control?{list}&done=changed&change={change}"),
        ),
        function::<UndoChange>(
            SignedIn,
            Some("/preferences/api-control"),
            Redirect("/preferences/api-control?done=undone"),
        ),
    ]
}

fn notices() -> [Function; 7] {
    const PAGE: Option<&str> = Some("/preferences/notices");
    [
        function::<ShowNotices>(SignedIn, None, Back),
        function::<ChooseStages>(
            SignedIn,
            PAGE,
            Redirect("/preferences/notices?done=stages#stages"),
        ),
        function::<SetSecondRecipient>(
            SignedIn,
            PAGE,
            Redirect("/preferences/notices?done=recipient#recipients"),
        ),
        function::<RemoveSecondRecipient>(
            SignedIn,
            PAGE,
            Redirect("/preferences/notices?done=removed#recipients"),
        ),
        function::<ResendConfirmation>(SignedIn, PAGE, Redirect("{back}?done=resent#address")),
        function::<SendAgain>(
            SignedIn,
            PAGE,
            Redirect("/preferences/notices?done=again#log"),
        ),
        function::<ResetCalendar>(
            SignedIn,
            PAGE,
            Redirect("/preferences/notices?done=calendar#calendar"),
        ),
    ]
}

fn links() -> [Function; 4] {
    [
        function::<ForgotPassword>(
            Public,
            Some("/forgot-password"),
            Redirect("/forgot-password?done=sent"),
        ),
        function::<ShowLink>(Public, None, Back),
        function::<Confirm>(
            Public,
            Some("/confirm"),
            Redirect("/confirm?done=confirmed"),
        ),
        function::<ResetPassword>(
            Public,
            Some("/reset-password"),
            Redirect("/sign-in?done=reset"),
        ),
    ]
}

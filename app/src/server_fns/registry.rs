//! The registry of server functions, with the access, the fields, and the answer without JavaScript of each. The server
//! calls no function that is not registered here.

use std::collections::HashMap;
use std::sync::LazyLock;

use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::capability::{Capability, Need};

use super::account::{
    ChangeAddress, ChangePassword, DeleteAccount, EndOtherSessions, EndSession, KeepAddress,
    SavePreferences, SaveTable, SetTheme, ShowAccount, ShowAddress, ShowSessions, ShowStanding,
    SignIn, SignOut, SignUp,
};
use super::context::RequestContext;
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
use Access::{Public, Session};
use Done::{Back, Page, Redirect};

// What the functions need of a session. Those that show keys need to see them; what changes the account for all of its
// people, as the layout of the table does, needs to edit.
const ANY: Access = Session(Need::Session);
const READ: Access = Session(Need::READ);
const CREATE: Access = Session(Need::CREATE);
const EDIT: Access = Session(Need::EDIT);
const EXPIRE: Access = Session(Need::EXPIRE);
const DELETE: Access = Session(Need::DELETE);
const NOTICES: Access = Session(Need::NOTICES);
const CALENDAR: Access = Session(Need::CALENDAR);
const HOLDER: Access = Session(Need::Holder);
/// What one date means for the form of a new key, or for that of a key.
const DATES: Access = Session(Need::OneOf(&[
    Capability::Edit,
    Capability::Create,
    Capability::Read,
]));
/// Whether a new key was called yet, for the page that shows its secret.
const CALLS: Access = Session(Need::OneOf(&[Capability::Read, Capability::Create]));
/// By the action; the vault asks for the one.
const BULK: Access = Session(Need::OneOf(&[
    Capability::Edit,
    Capability::Expire,
    Capability::Delete,
]));
/// That of the change; the vault asks for the one.
const UNDO: Access = Session(Need::OneOf(&[Capability::Edit, Capability::Expire]));
/// The progress of any change of a key.
const CHANGES: Access = Session(Need::OneOf(&[
    Capability::Edit,
    Capability::Create,
    Capability::Expire,
    Capability::Delete,
]));

/// The callers that a function admits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    Public,
    /// Those with a session that has this.
    Session(Need),
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

/// Rejects a call by a session that lacks what the function at `path` needs. Every call passes here, that of a page which
/// the server renders too.
///
/// # Errors
/// `unauthenticated`, `not_allowed`; an internal fault for a function that is not registered.
pub fn admit(path: &str, request: &RequestContext) -> Result<(), FnError> {
    static ACCESS: LazyLock<HashMap<&str, Access>> = LazyLock::new(|| {
        let all = all().into_iter();
        all.map(|function| (function.path, function.access))
            .collect()
    });
    match ACCESS.get(path) {
        None => {
            tracing::error!(path, "a server function is not registered");
            Err(FnError::inside())
        }
        Some(Public) => Ok(()),
        Some(Session(need)) => request.may(*need),
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
        function::<SignOut>(ANY, None, Redirect("/sign-in?done=signed-out")),
        function::<ShowAccount>(ANY, None, Back),
        // Every page asks, those without a session too.
        function::<ShowStanding>(Public, None, Back),
        function::<SavePreferences>(
            EDIT,
            PAGE,
            Redirect("/preferences/account?done=saved#preferences"),
        ),
        function::<SaveTable>(EDIT, Some("/preferences/api-control"), Back),
        function::<ChangePassword>(
            HOLDER,
            PAGE,
            Redirect("/preferences/account?done=password#password"),
        ),
        function::<ShowAddress>(HOLDER, None, Back),
        function::<ChangeAddress>(
            HOLDER,
            PAGE,
            Redirect("/preferences/account?done=address#address"),
        ),
        function::<KeepAddress>(
            HOLDER,
            PAGE,
            Redirect("/preferences/account?done=address-kept#address"),
        ),
        function::<ShowSessions>(HOLDER, None, Back),
        function::<EndSession>(
            HOLDER,
            PAGE,
            Redirect("/preferences/account?done=session-ended#sessions"),
        ),
        function::<EndOtherSessions>(
            HOLDER,
            PAGE,
            Redirect("/preferences/account?done=sessions-ended#sessions"),
        ),
        function::<DeleteAccount>(HOLDER, PAGE, Redirect("/sign-in?done=account-deleted")),
        function::<SetTheme>(ANY, None, Back),
    ]
}

fn keys() -> [Function; 14] {
    const PAGE: Option<&str> = Some("/preferences/api-control/{access_key}");
    [
        function::<CreateKey>(CREATE, Some("/preferences/api-control/new"), Page),
        function::<EditKey>(
            EDIT,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=edited&change={change}"),
        ),
        function::<ExpireKey>(
            EXPIRE,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=expired&change={change}"),
        ),
        function::<RestoreKey>(
            EDIT,
            PAGE,
            Redirect("/preferences/api-control/{access_key}?done=restored&change={change}"),
        ),
        function::<DeleteKey>(
            DELETE,
            PAGE,
            Redirect("/preferences/api-control?done=deleted"),
        ),
        function::<ListKeys>(READ, None, Back),
        function::<ShowTable>(READ, None, Back),
        function::<ShowKey>(READ, None, Back),
        function::<ShowCalls>(READ, None, Back),
        function::<ShowDeletion>(READ, None, Back),
        function::<WhichKey>(READ, None, Back),
        function::<ShowExpiry>(DATES, None, Back),
        function::<PreviewBulk>(READ, None, Back),
        function::<ShowWait>(CHANGES, None, Back),
    ]
}

fn dashboard() -> [Function; 7] {
    const STAGGER: Option<&str> = Some("/preferences/api-control/stagger");
    [
        function::<ShowOverview>(READ, None, Back),
        function::<DismissClaim>(EDIT, Some("/"), Redirect("/")),
        function::<DismissSteps>(EDIT, Some("/"), Redirect("/")),
        function::<ShowFirstCall>(CALLS, None, Back),
        function::<SnoozeKey>(NOTICES, Some("/"), Redirect("/?done=snooze")),
        function::<ShowStagger>(READ, None, Back),
        function::<StaggerKeys>(
            Session(Need::STAGGER),
            STAGGER,
            Redirect("/?done=staggered&change={change}"),
        ),
    ]
}

/// Changes of keys from the table, and the undo of every change.
fn changes() -> [Function; 2] {
    [
        function::<BulkKeys>(
            BULK,
            Some("/preferences/api-control?{list}"),
            Redirect("/preferences/api-control?{list}&done=changed&change={change}"),
        ),
        function::<UndoChange>(
            UNDO,
            Some("/preferences/api-control"),
            Redirect("/preferences/api-control?done=undone"),
        ),
    ]
}

fn notices() -> [Function; 7] {
    const PAGE: Option<&str> = Some("/preferences/notices");
    [
        function::<ShowNotices>(NOTICES, None, Back),
        function::<ChooseStages>(
            NOTICES,
            PAGE,
            Redirect("/preferences/notices?done=stages#stages"),
        ),
        function::<SetSecondRecipient>(
            NOTICES,
            PAGE,
            Redirect("/preferences/notices?done=recipient#recipients"),
        ),
        function::<RemoveSecondRecipient>(
            NOTICES,
            PAGE,
            Redirect("/preferences/notices?done=removed#recipients"),
        ),
        function::<ResendConfirmation>(NOTICES, PAGE, Redirect("{back}?done=resent#address")),
        function::<SendAgain>(
            NOTICES,
            PAGE,
            Redirect("/preferences/notices?done=again#log"),
        ),
        function::<ResetCalendar>(
            CALENDAR,
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

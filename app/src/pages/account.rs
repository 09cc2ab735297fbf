//! Preferences → Account: the address, dates and warnings, the password, the sessions, and the deletion.

mod address;
mod deletion;
mod password;
mod preferences;
mod sessions;

use leptos::prelude::*;
use shared::view::AddressView;
use shared::view::account::{DeletionView, SessionView};
use vault::Account;

use crate::error::FnError;
use crate::server_fns::account::{show_address, show_sessions};
use crate::server_fns::context::RequestContext;
use crate::ui::answer::problem;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;

#[component]
pub fn AccountPage() -> impl IntoView {
    let content = Suspend::new(async move {
        match Shown::read().await {
            Ok(shown) => shown.view(),
            Err(error) => problem(error),
        }
    });
    view! {
        <PageHead title="Account" />
        {done_note()}
        <Suspense>{content}</Suspense>
    }
    .into_any()
}

/// The content of the page.
struct Shown {
    preferences: Account,
    address: AddressView,
    sessions: Vec<SessionView>,
    deletion: DeletionView,
    /// UTC epoch milliseconds.
    now: i64,
}

impl Shown {
    async fn read() -> Result<Self, FnError> {
        let request = RequestContext::current();
        let account = &request.signed_in()?.account;
        Ok(Self {
            now: request.vault.now(),
            deletion: request.vault.deletion_preview(account).await?,
            preferences: account.clone(),
            address: show_address().await?,
            sessions: show_sessions().await?,
        })
    }

    fn view(self) -> AnyView {
        let email = self.preferences.email.clone();
        view! {
            <div class="settings">
                {address::section(&self.address)} {preferences::section(self.preferences, self.now)}
                {password::section(email.clone())} {sessions::section(self.sessions, self.now)}
                {deletion::section(&email, self.deletion, self.now)}
            </div>
        }
        .into_any()
    }
}

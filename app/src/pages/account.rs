//! Preferences → Account: the address, dates and warnings, the password, the sessions, and the deletion.

mod address;
mod deletion;
mod history;
mod password;
mod preferences;
mod sessions;

use leptos::prelude::*;
use shared::capability::Need;
use shared::view::account::{DeletionView, SessionView};
use shared::view::{AddressView, HistoryEntry};
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
    history: Vec<HistoryEntry>,
    /// None in a session that a portal link began.
    own: Option<Own>,
    /// UTC epoch milliseconds.
    now: i64,
}

/// What only the account's holder sees.
struct Own {
    address: AddressView,
    sessions: Vec<SessionView>,
    deletion: DeletionView,
}

impl Shown {
    async fn read() -> Result<Self, FnError> {
        let request = RequestContext::current();
        let session = request.signed_in()?;
        let own = if session.may(Need::Holder) {
            Some(Own {
                deletion: request.vault.deletion_preview(&session.account).await?,
                address: show_address().await?,
                sessions: show_sessions().await?,
            })
        } else {
            None
        };
        Ok(Self {
            now: request.vault.now(),
            preferences: session.account.clone(),
            history: request.vault.account_history(&session.account).await?,
            own,
        })
    }

    fn view(self) -> AnyView {
        let (email, now) = (self.preferences.email.clone(), self.now);
        let preferences = preferences::section(self.preferences, now);
        let history = history::section(self.history);
        let content = match self.own {
            None => view! { {preferences} {history} }.into_any(),
            Some(own) => view! {
                {address::section(&own.address)}
                {preferences}
                {password::section(email.clone())}
                {sessions::section(own.sessions, now)}
                {history}
                {deletion::section(&email, own.deletion, now)}
            }
            .into_any(),
        };
        view! { <div class="settings">{content}</div> }.into_any()
    }
}

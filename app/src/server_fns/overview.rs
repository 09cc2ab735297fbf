//! Server functions of the Dashboard.

use leptos::prelude::*;
use shared::view::BulkChanged;
use shared::view::overview::{Dashboard, StaggerPlan};

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;

/// Returns the content of the Dashboard.
#[server(name = ShowOverview, prefix = "/fn", endpoint = "overview")]
pub async fn show_overview() -> Result<Dashboard, FnError> {
    use crate::pages::dashboard::parts::{Rendering, dashboard};

    let request = RequestContext::current();
    let replay = use_context();
    let account = &request.signed_in()?.account;
    let overview = request.vault.overview(account).await?;
    let rendering = Rendering {
        try_url: &request.site.try_url(),
        page_size: account.table.page_size,
        replay,
    };
    Ok(dashboard(overview, &rendering))
}

/// Dismisses the Dashboard's note on keys expired by a password reset.
#[server(name = DismissClaim, prefix = "/fn", endpoint = "account/dismiss-claim")]
pub async fn dismiss_claim() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.dismiss_claim(&request.actor()?).await?;
    Ok(())
}

/// Dismisses the Dashboard's first steps.
#[server(name = DismissSteps, prefix = "/fn", endpoint = "account/dismiss-steps")]
pub async fn dismiss_steps() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.dismiss_steps(&request.actor()?).await?;
    Ok(())
}

/// Returns "called" once a call with the key, or without one with any key of the account, was accepted, and an empty text
/// before.
#[server(name = ShowFirstCall, prefix = "/fn", endpoint = "account/first-call")]
pub async fn show_first_call(#[server(default)] access_key: String) -> Result<String, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    let called = if access_key.is_empty() {
        request.vault.is_called(account).await?
    } else {
        request.vault.is_key_called(account, &access_key).await?
    };
    Ok(if called { "called" } else { "" }.to_owned())
}

/// Puts the alarm of a key off until an instant: `7d`, a date (its beginning), or another one in the expiry grammar.
/// `now` ends that.
#[server(name = SnoozeKey, prefix = "/fn", endpoint = "keys/snooze")]
pub async fn snooze_key(
    #[server(default)] access_key: String,
    #[server(default)] until: String,
) -> Result<BulkChanged, FnError> {
    let request = RequestContext::current();
    let snoozed = request
        .vault
        .snooze_key(&request.actor()?, &access_key, &until)
        .await?;
    Ok(BulkChanged {
        count: 1,
        sentence: snoozed.sentence(),
        change: String::new(),
    })
}

/// Returns how the keys that expire on a day (`2027-05-01`) would be spread over some days that end with it; over a week
/// without `days`.
#[server(name = ShowStagger, prefix = "/fn", endpoint = "keys/stagger-plan")]
pub async fn show_stagger(
    #[server(default)] day: String,
    #[server(default)] days: String,
) -> Result<StaggerPlan, FnError> {
    let request = RequestContext::current();
    let wanted = vault::Stagger {
        day: &day,
        days: &days,
        version: "",
    };
    let account = &request.signed_in()?.account;
    Ok(request.vault.stagger_plan(account, wanted).await?)
}

/// Spreads out the keys that expire on a day, as the plan of this `version` shows it.
#[server(name = StaggerKeys, prefix = "/fn", endpoint = "keys/stagger")]
pub async fn stagger_keys(
    #[server(default)] day: String,
    #[server(default)] days: String,
    #[server(default)] version: String,
) -> Result<BulkChanged, FnError> {
    let request = RequestContext::current();
    let wanted = vault::Stagger {
        day: &day,
        days: &days,
        version: &version,
    };
    Ok(request.vault.stagger(&request.actor()?, wanted).await?)
}

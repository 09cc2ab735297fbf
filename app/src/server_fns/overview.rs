//! Server functions of the Dashboard.

use leptos::prelude::*;
use shared::view::Overview;

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;

/// Returns the keys that need attention, counts, the next expirations, and the newest keys.
#[server(name = ShowOverview, prefix = "/fn", endpoint = "overview")]
pub async fn show_overview() -> Result<Overview, FnError> {
    let request = RequestContext::current();
    Ok(request
        .vault
        .overview(&request.signed_in()?.account)
        .await?)
}

/// Dismisses the Dashboard's note on keys expired by a password reset.
#[server(name = DismissClaim, prefix = "/fn", endpoint = "account/dismiss-claim")]
pub async fn dismiss_claim() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.dismiss_claim(&request.actor()?).await?;
    Ok(())
}

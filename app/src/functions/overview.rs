//! What the Dashboard shows.

use leptos::prelude::*;
use shared::view::Overview;

use crate::error::FnError;
#[cfg(feature = "ssr")]
use crate::request::Request;

/// Keys that need attention, counts, the next expirations, the newest keys.
#[server(name = ShowOverview, prefix = "/fn", endpoint = "overview")]
pub async fn show_overview() -> Result<Overview, FnError> {
    let request = Request::current();
    Ok(request
        .vault
        .overview(&request.signed_in()?.account)
        .await?)
}

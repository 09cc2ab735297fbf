//! Server functions behind the links in mails: confirm an address, set a new password. They need the link's token and
//! no session.

use leptos::prelude::*;
use shared::view::notices::LinkView;

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;

/// Requests a link to set a new password. Neither the answer nor its time shows whether the address has an account,
/// because the work is done afterwards.
#[server(name = ForgotPassword, prefix = "/fn", endpoint = "account/forgot-password")]
pub async fn forgot_password(#[server(default)] email: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    let work = request.vault.request_reset(&request.caller, &email).await?;
    drop(work);
    Ok(())
}

/// Describes the action of a link, without performing it.
#[server(name = ShowLink, prefix = "/fn", endpoint = "account/show-link")]
pub async fn show_link(#[server(default)] token: String) -> Result<LinkView, FnError> {
    Ok(RequestContext::current().vault.link(&token).await?)
}

/// Confirms the address that the link was sent to.
#[server(name = Confirm, prefix = "/fn", endpoint = "account/confirm")]
pub async fn confirm(#[server(default)] token: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    let session = request.session.as_ref();
    Ok(request
        .vault
        .confirm(&request.caller, session, &token)
        .await?)
}

/// Sets a new password and ends every session of the account.
#[server(name = ResetPassword, prefix = "/fn", endpoint = "account/reset-password")]
pub async fn reset_password(
    #[server(default)] token: String,
    #[server(default)] new_password: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    let device = request
        .vault
        .reset_password(&request.caller, &token, &new_password)
        .await?;
    request.keep_device(&device);
    Ok(())
}

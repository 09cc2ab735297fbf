//! Server functions on notices: stages, recipients, the delivery log, and the calendar.

#![expect(
    clippy::too_many_arguments,
    reason = "the form has one field for each stage"
)]

use leptos::prelude::*;
use shared::view::notices::NoticesView;
#[cfg(feature = "ssr")]
use shared::{capability::Need, notice::Stage};

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;

/// Returns settings, recipients and the delivery log, and to a session that may see it the calendar's address. For one that may
/// not see keys, the log counts them only.
#[server(name = ShowNotices, prefix = "/fn", endpoint = "notices/show")]
pub async fn show_notices() -> Result<NoticesView, FnError> {
    let request = RequestContext::current();
    let session = request.signed_in()?;
    let mut notices = request.vault.notices(&session.account).await?;
    if session.may(Need::CALENDAR) {
        notices.calendar_url = request.vault.calendar_url(session).await?;
    }
    if !session.may(Need::READ) {
        for delivery in &mut notices.deliveries {
            delivery.keys.clear();
        }
    }
    Ok(notices)
}

/// Generates `choose_stages`, with a field for each stage, named by its slug.
macro_rules! choose_stages {
    ($($stage:ident, $slug:ident, $lead:expr, $label:literal;)*) => {
        /// Chooses the stages whose fields are present and not empty, as with checkboxes. A `version` (see
        /// `shared::version`) that is not the present one is a conflict.
        #[server(name = ChooseStages, prefix = "/fn", endpoint = "notices/stages")]
        pub async fn choose_stages(
            $(#[server(default)] $slug: String,)*
            #[server(default)] version: String,
        ) -> Result<(), FnError> {
            let request = RequestContext::current();
            let fields = [$((Stage::$stage, $slug)),*].into_iter();
            let stages = fields.filter(|(_, field)| !field.is_empty()).map(|(stage, _)| stage).collect();
            let actor = request.actor()?;
            request.vault.choose_stages(&actor, stages, &version).await?;
            Ok(())
        }
    };
}

shared::stage_table!(choose_stages);

/// Sets a second recipient, which gets a link to confirm. `version` as for the stages.
#[server(name = SetSecondRecipient, prefix = "/fn", endpoint = "notices/second-recipient")]
pub async fn set_second_recipient(
    #[server(default)] address: String,
    #[server(default)] version: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .set_second_recipient(&request.actor()?, &address, &version)
        .await?;
    Ok(())
}

/// Stops notices to the second recipient. `version` as for the stages.
#[server(name = RemoveSecondRecipient, prefix = "/fn", endpoint = "notices/remove-second-recipient")]
pub async fn remove_second_recipient(#[server(default)] version: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .remove_second_recipient(&request.actor()?, &version)
        .await?;
    Ok(())
}

/// Sends a new link to confirm an address. `recipient` is `account` or `second`.
#[server(name = ResendConfirmation, prefix = "/fn", endpoint = "notices/resend")]
pub async fn resend_confirmation(#[server(default)] recipient: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .resend_confirmation(&request.actor()?, &recipient)
        .await
        .map_err(|error| or_missing(error, "There is no such recipient."))
}

/// Queues a failed mail again.
#[server(name = SendAgain, prefix = "/fn", endpoint = "notices/send-again")]
pub async fn send_again(#[server(default)] mail: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .send_again(&request.actor()?, &mail)
        .await
        .map_err(|error| or_missing(error, "There is no such email."))
}

/// Gives the calendar a new address; the old one stops working.
#[server(name = ResetCalendar, prefix = "/fn", endpoint = "notices/reset-calendar")]
pub async fn reset_calendar() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.reset_calendar(&request.actor()?).await?;
    Ok(())
}

/// Converts the error of a subject that is not a key.
#[cfg(feature = "ssr")]
fn or_missing(error: vault::Error, missing: &str) -> FnError {
    match error {
        vault::Error::NotFound => FnError::new(FnError::NOT_FOUND, missing),
        other => other.into(),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_stages_has_the_slugs_as_fields() {
        let fields = serde_aux::serde_introspection::serde_introspect::<ChooseStages>();
        let mut expected = Stage::ALL.map(Stage::slug).to_vec();
        expected.push("version");
        assert_eq!(fields, expected);
    }
}

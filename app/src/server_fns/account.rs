//! Accounts and sessions: sign-up, sign-in, sign-out, preferences.

use leptos::prelude::*;
use shared::view::account::SessionView;
use shared::view::{AccountView, AddressView, IssuedKey, Standing};

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;
#[cfg(feature = "ssr")]
use crate::ui::layout::back;
#[cfg(feature = "ssr")]
use vault::Actor;

/// Creates an account with its default key, and signs in.
#[server(name = SignUp, prefix = "/fn", endpoint = "account/sign-up")]
pub async fn sign_up(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] time_zone: String,
) -> Result<IssuedKey, FnError> {
    let request = RequestContext::current();
    if !request.site.sign_up_open {
        return Err(FnError::new(
            "forbidden",
            "Sign-up is closed on this site. Ask its operator.",
        ));
    }
    let account = vault::SignUp {
        email: &email,
        password: &password,
        time_zone: &time_zone,
    };
    let signed_up = request.vault.sign_up(&request.caller, account).await?;
    request.start_session(&signed_up.session);
    Ok(request.issued(signed_up.key))
}

/// Signs in. The answer's cookie holds the session. The form that carries `next` reads it.
#[server(name = SignIn, prefix = "/fn", endpoint = "account/sign-in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), FnError> {
    let _ = next;
    let request = RequestContext::current();
    let session = request
        .vault
        .sign_in(&request.caller, &email, &password)
        .await?;
    request.start_session(&session);
    Ok(())
}

/// Ends the session, here and in the database.
#[server(name = SignOut, prefix = "/fn", endpoint = "account/sign-out")]
pub async fn sign_out() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.sign_out(&request.actor()?).await?;
    for session in &request.other_sessions {
        let actor = Actor::new(session, &request.caller);
        request.vault.sign_out(&actor).await?;
    }
    request.end_session();
    Ok(())
}

/// Returns the account that is signed in.
#[server(name = ShowAccount, prefix = "/fn", endpoint = "account/show")]
pub async fn show_account() -> Result<AccountView, FnError> {
    let request = RequestContext::current();
    let session = request.signed_in()?;
    Ok(AccountView {
        back: back(session, &request.site),
        owner: session.owner(),
        ..session.account.view(request.vault.now())
    })
}

/// Returns the notice on the account's suspension; an empty one for an account in good standing, and without a session.
#[server(name = ShowStanding, prefix = "/fn", endpoint = "account/standing")]
pub async fn show_standing() -> Result<Standing, FnError> {
    use crate::forms::form_replay::Replay;
    use crate::ui::standing::notice;

    let replay = use_context::<Replay>();
    let error = replay.as_ref().and_then(Replay::error);
    let notice = notice(&RequestContext::current(), error);
    Ok(Standing { notice })
}

/// Saves the time zone, the warning window and the way to write dates: `date_style` is `day_month_year`, `month_day_year` or
/// `year_month_day`, `clock_style` is `hours_24` or `hours_12`; one that is left out stays. A `version` (see `shared::version`) that is not the present one is a
/// conflict.
#[server(name = SavePreferences, prefix = "/fn", endpoint = "account/preferences")]
pub async fn save_preferences(
    #[server(default)] time_zone: String,
    #[server(default)] warning_days: String,
    #[server(default)] date_style: String,
    #[server(default)] clock_style: String,
    #[server(default)] version: String,
) -> Result<AccountView, FnError> {
    let request = RequestContext::current();
    let preferences = vault::SavePreferences {
        time_zone: &time_zone,
        warning_days: &warning_days,
        date_style: &date_style,
        clock_style: &clock_style,
        version: &version,
    };
    let account = request
        .vault
        .save_preferences(&request.actor()?, preferences)
        .await?;
    Ok(account.view(request.vault.now()))
}

/// Saves how the table of keys is laid out: rows on a page (25, 50 or 100; left out: as before) and whether it has the
/// column *Created*, a checkbox.
#[server(name = SaveTable, prefix = "/fn", endpoint = "account/table")]
pub async fn save_table(
    #[server(default)] page_size: String,
    #[server(default)] created: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    let created = !created.is_empty();
    request
        .vault
        .save_table(&request.actor()?, &page_size, created)
        .await?;
    Ok(())
}

/// Changes the password, ends every session of the account and starts a new one here.
#[server(name = ChangePassword, prefix = "/fn", endpoint = "account/password")]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] new_password: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    let passwords = vault::ChangePassword {
        current: &current_password,
        new: &new_password,
    };
    let session = request
        .vault
        .change_password(&request.actor()?, passwords)
        .await?;
    request.start_session(&session);
    Ok(())
}

/// Returns the account's address, and the pending one.
#[server(name = ShowAddress, prefix = "/fn", endpoint = "account/address")]
pub async fn show_address() -> Result<AddressView, FnError> {
    let request = RequestContext::current();
    Ok(request.vault.address(&request.signed_in()?.account).await?)
}

/// Requests a change of the address. The new address gets a link.
#[server(name = ChangeAddress, prefix = "/fn", endpoint = "account/change-address")]
pub async fn change_address(
    #[server(default)] email: String,
    #[server(default)] current_password: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .change_address(&request.actor()?, &email, &current_password)
        .await?;
    Ok(())
}

/// Withdraws the request for another address.
#[server(name = KeepAddress, prefix = "/fn", endpoint = "account/keep-address")]
pub async fn keep_address() -> Result<(), FnError> {
    let request = RequestContext::current();
    request.vault.keep_address(&request.actor()?).await?;
    Ok(())
}

/// Returns where the account is signed in.
#[server(name = ShowSessions, prefix = "/fn", endpoint = "account/sessions")]
pub async fn show_sessions() -> Result<Vec<SessionView>, FnError> {
    let request = RequestContext::current();
    Ok(request.vault.open_sessions(request.signed_in()?).await?)
}

/// Ends one session of the account. One that has ended already is no error.
#[server(name = EndSession, prefix = "/fn", endpoint = "account/sessions/end")]
pub async fn end_session(#[server(default)] session: String) -> Result<(), FnError> {
    let request = RequestContext::current();
    request
        .vault
        .end_session(&request.actor()?, &session)
        .await?;
    Ok(())
}

/// Ends every session of the account but this one, and returns how many.
#[server(name = EndOtherSessions, prefix = "/fn", endpoint = "account/sessions/end-others")]
pub async fn end_other_sessions() -> Result<u64, FnError> {
    let request = RequestContext::current();
    Ok(request.vault.end_other_sessions(&request.actor()?).await?)
}

/// Deletes the account with all its keys, and signs out. `confirm_email` is the account's address, typed.
#[server(name = DeleteAccount, prefix = "/fn", endpoint = "account/delete")]
pub async fn delete_account(
    #[server(default)] confirm_email: String,
    #[server(default)] current_password: String,
) -> Result<(), FnError> {
    let request = RequestContext::current();
    let typed = vault::DeleteAccount {
        confirm_email: &confirm_email,
        current_password: &current_password,
    };
    request
        .vault
        .delete_account(&request.actor()?, typed)
        .await?;
    request.end_session();
    Ok(())
}

/// Remembers light, dark or system in a cookie, so that the server renders the right one.
#[server(name = SetTheme, prefix = "/fn", endpoint = "account/theme")]
pub async fn set_theme(#[server(default)] theme: String) -> Result<(), FnError> {
    RequestContext::current().remember_theme(&theme);
    Ok(())
}

//! Preferences → Account: time zone, warning window, password, theme.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation::{self, FieldErrors};
use shared::version::of_preferences;
use shared::view::AccountView;

use crate::account::address;
use crate::client::browser;
use crate::client::call::query;
use crate::forms::field::{PasswordField, TextField};
use crate::forms::form::{Fields, Form, FormState, Submit, then};
use crate::server_fns::account::{ChangePassword, SavePreferences, ShowAccount, ShowAddress};
use crate::ui::answer::{answered, kept, problem};
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::layout::Account;
use crate::ui::reactive::{effect, fresh, reactive};
use crate::ui::toasts::Feedback;

#[component]
pub fn AccountPage() -> impl IntoView {
    // A query of this page's own: the layout's copy is fetched again after a save, which must not discard text that is
    // being typed here.
    let account = query::<ShowAccount>(Vec::new, None);
    let address = query::<ShowAddress>(Vec::new, Some(Feedback::get().revision));
    view! {
        <PageHead title="Account" />
        {done_note()}
        {answered(
            account,
            move |account| {
                let email = account.email.clone();
                view! {
                    <p class="lead">
                        "Signed in as " <bdi>{email.clone()}</bdi> ". "
                        <a href="/preferences/notices">"What is sent there"</a>
                    </p>
                    {preferences(account)}
                    {kept(address, |_| String::new(), address::section, problem)}
                    {password(email)}
                }
                    .into_any()
            },
        )}
    }
    .into_any()
}

fn preferences(account: AccountView) -> AnyView {
    let state = FormState::new(SavePreferences::PATH);
    let version = state.versioned(of_preferences(&account.time_zone, account.warning_days));
    let feedback = Feedback::get();
    let everywhere = expect_context::<Account>();
    let zones = NodeRef::<html::Datalist>::new();
    effect(move || {
        if let (Some(list), Some(options)) = (zones.get(), browser::time_zone_options()) {
            list.set_inner_html(&options);
        }
    });
    let done = then(move |_, answer| {
        let saved: AccountView = answer.read()?;
        let _ = state
            .version
            .try_set(of_preferences(&saved.time_zone, saved.warning_days));
        feedback.say("Preferences saved.");
        // Other pages name the zone.
        everywhere.refetch();
        Ok(())
    });
    let days = validation::WARNING_DAYS;
    view! {
        <section class="card" aria-labelledby="preferences-title">
            <h2 id="preferences-title">"Dates and warnings"</h2>
            <Form state=state check=check_preferences then=done>
                {version}
                <TextField
                    state=state
                    name="time_zone"
                    label="Time zone"
                    value=account.time_zone
                    list="time-zones"
                    help="For example Europe/Berlin. All dates are shown in this time zone, and a date without a time means the end of that day."
                />
                <datalist id="time-zones" node_ref=zones></datalist>
                <TextField
                    state=state
                    name="warning_days"
                    label="Warning window (days)"
                    value=account.warning_days.to_string()
                    input_mode="numeric"
                    help=format!(
                        "How many days ahead a key counts as expiring soon, from {} to {}.",
                        days.start(),
                        days.end(),
                    )
                />
                <Submit state=state label="Save preferences" />
            </Form>
        </section>
    }
    .into_any()
}

fn check_preferences(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    errors.check(
        "warning_days",
        validation::warning_days(&fields.text("warning_days")),
    );
    if fields.text("time_zone").trim().is_empty() {
        errors.add(
            "time_zone",
            "Enter a time zone, such as Europe/Berlin or UTC.",
        );
    }
    errors
}

fn password(email: String) -> AnyView {
    // A new form replaces the old one after a success, which clears the typed passwords.
    let changes = RwSignal::new(0);
    view! {
        <section class="card" aria-labelledby="password-title">
            <h2 id="password-title">"Password"</h2>
            {reactive(move || {
                changes.track();
                fresh(password_form(email.clone(), changes))
            })}
        </section>
    }
    .into_any()
}

fn password_form(email: String, changes: RwSignal<u32>) -> AnyView {
    let state = FormState::new(ChangePassword::PATH);
    let feedback = Feedback::get();
    let done = then(move |_, _| {
        feedback.say("Password changed. You're signed out everywhere else.");
        changes.update(|changes| *changes += 1);
        Ok(())
    });
    view! {
        <Form state=state check=check_password then=done>
            // Without a name it is not sent: it tells password managers whose password this is.
            <input type="email" autocomplete="username" value=email readonly hidden />
            <PasswordField
                state=state
                name="current_password"
                label="Current password"
                autocomplete="current-password"
            />
            <PasswordField
                state=state
                name="new_password"
                label="New password"
                autocomplete="new-password"
                help=format!(
                    "At least {} characters. Changing it ends every other session.",
                    validation::PASSWORD_MIN_CHARS,
                )
            />
            <Submit state=state label="Change password" />
        </Form>
    }
    .into_any()
}

fn check_password(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if fields.text("current_password").is_empty() {
        errors.add("current_password", "Enter your current password.");
    }
    errors.check(
        "new_password",
        validation::new_password(&fields.text("new_password")),
    );
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_need_a_zone_and_a_number_of_days() {
        let errors = check_preferences(&Fields::given(&[
            ("time_zone", " "),
            ("warning_days", "91"),
        ]));
        assert_eq!(
            errors.get("time_zone"),
            Some("Enter a time zone, such as Europe/Berlin or UTC.")
        );
        assert_eq!(
            errors.get("warning_days"),
            Some("Enter a number of days from 1 to 90.")
        );
        // The server knows which zones there are.
        let full = Fields::given(&[("time_zone", "Mars/Olympus"), ("warning_days", " 90 ")]);
        assert!(check_preferences(&full).is_empty());
    }

    /// The present password may be as short as an earlier rule allowed.
    #[test]
    fn only_the_new_password_has_a_least_length() {
        let errors = check_password(&Fields::given(&[("new_password", "1234567")]));
        assert_eq!(
            errors.get("current_password"),
            Some("Enter your current password.")
        );
        assert_eq!(
            errors.get("new_password"),
            Some("Use at least 8 characters.")
        );
        let full = Fields::given(&[("current_password", "x"), ("new_password", "12345678")]);
        assert!(check_password(&full).is_empty());
    }
}

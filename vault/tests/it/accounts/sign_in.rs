//! Sign-up, sign-in and preferences, and the throttling of password guesses.

use shared::dates::ClockStyle;
use vault::test_support::{Fixture, Mailbox, PASSWORD, from, messages, newcomer};
use vault::{Actor, Caller, ChangePassword, Error, SavePreferences, SignUp};

#[tokio::test]
async fn sign_up_checks_every_field_at_once() {
    let site = Fixture::new().await;
    let stranger = Caller::default();
    let all = messages(
        site.vault
            .sign_up(
                &stranger,
                SignUp {
                    email: "not-an-address",
                    password: "short",
                    time_zone: "Mars/Olympus",
                },
            )
            .await,
    );
    for field in ["email: ", "password: ", "time_zone: "] {
        assert!(all.contains(field), "{all}");
    }
    let common = messages(
        site.vault
            .sign_up(
                &stranger,
                SignUp {
                    email: "a@example.com",
                    password: "Password123",
                    time_zone: "UTC",
                },
            )
            .await,
    );
    assert!(
        common.starts_with("password: This is one of the most common"),
        "{common}"
    );
    assert_eq!(site.vault.key_count(), 0);
}

#[tokio::test]
async fn an_address_has_one_account_in_any_case() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let again = site
        .vault
        .sign_up(&Caller::default(), newcomer(" A@Example.COM "))
        .await;
    assert!(matches!(again, Err(Error::SignUpRefused)));
    assert_eq!(site.vault.key_count(), 1, "no key of a refused account");
    assert!(
        site.vault
            .sign_in(&Caller::default(), "A@EXAMPLE.com", PASSWORD)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_look_the_same() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    for (email, password) in [
        ("a@example.com", "wrong"),
        ("b@example.com", PASSWORD),
        ("b@example.com", "x"),
    ] {
        let result = site
            .vault
            .sign_in(&Caller::default(), email, password)
            .await;
        assert!(matches!(result, Err(Error::WrongCredentials)), "{email}");
    }
}

#[tokio::test]
async fn a_network_that_tries_many_accounts_must_wait() {
    let site = Fixture::new().await;
    let stranger = from([203, 0, 113, 9]);
    for number in 0..61 {
        let guess = site
            .vault
            .sign_in(&stranger, &format!("user{number}@example.com"), "guess")
            .await;
        assert!(matches!(guess, Err(Error::WrongCredentials)));
    }
    let neighbour = from([203, 0, 113, 77]);
    let refused = site
        .vault
        .sign_in(&neighbour, "another@example.com", "guess")
        .await;
    assert!(matches!(refused, Err(Error::Throttled { .. })));
    let elsewhere = site
        .vault
        .sign_in(&from([198, 51, 100, 1]), "another@example.com", "guess")
        .await;
    assert!(matches!(elsewhere, Err(Error::WrongCredentials)));
}

#[tokio::test]
async fn preferences_are_checked_and_kept() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let save = async |zone: &'static str, days: &'static str| {
        site.vault
            .save_preferences(
                &member.actor,
                SavePreferences {
                    time_zone: zone,
                    warning_days: days,
                    ..SavePreferences::default()
                },
            )
            .await
    };
    let wrong = messages(save("Nowhere", "91").await);
    assert!(
        wrong.contains("time_zone: ") && wrong.contains("warning_days: "),
        "{wrong}"
    );
    assert!(messages(save("UTC", "0").await).starts_with("warning_days: "));
    save("Asia/Tokyo", "30").await.unwrap();
    let token = site
        .vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    let account = site.session(&token).await.unwrap().account.view(0);
    assert_eq!(
        (account.time_zone.as_str(), account.warning_days),
        ("Asia/Tokyo", 30)
    );
}

#[tokio::test]
async fn the_current_password_is_needed_for_a_new_one() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let change = async |current: &'static str, new: &'static str| {
        messages(
            site.vault
                .change_password(&member.actor, ChangePassword { current, new })
                .await,
        )
    };
    assert!(
        change("wrong", "another calm lake")
            .await
            .starts_with("current_password: This isn't")
    );
    assert!(
        change("", "another calm lake")
            .await
            .starts_with("current_password: Enter")
    );
    assert!(
        change(PASSWORD, "12345678")
            .await
            .starts_with("new_password: ")
    );
    assert!(
        site.vault
            .sign_in(&Caller::default(), "a@example.com", PASSWORD)
            .await
            .is_ok()
    );
}

/// Dates are written as the account likes them: in answers, and in mails.
#[tokio::test]
async fn an_account_writes_dates_in_its_own_way() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let member = site.member("a@example.com").await;
    let save = |date_style: &'static str, clock_style: &'static str| {
        let typed = SavePreferences {
            time_zone: "UTC",
            warning_days: "14",
            date_style,
            clock_style,
            ..SavePreferences::default()
        };
        site.vault.save_preferences(&member.actor, typed)
    };
    let refused = save("of Mars", "13").await;
    assert_eq!(
        messages(refused),
        "clock_style: Choose one of the formats.\ndate_style: Choose one of the formats."
    );
    let saved = save("month_day_year", "hours_12").await.unwrap();
    assert_eq!(saved.time_zone.writing().clock, ClockStyle::Hours12);
    let session = site
        .vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    let session = site.session(&session).await.unwrap();
    let sessions = site.vault.open_sessions(&session).await.unwrap();
    assert_eq!(sessions[0].started.text, "Mon, Nov 23, 2026, 12:00 PM UTC");
    let _ = mailbox.delivered(&site.vault).await;
    site.vault
        .change_password(
            &Actor::new(&session, &Caller::default()),
            ChangePassword {
                current: PASSWORD,
                new: "another calm lake",
            },
        )
        .await
        .unwrap();
    let mails = mailbox.delivered(&site.vault).await;
    let said = "was changed on Mon, Nov 23, 2026, 12:00 PM UTC.";
    assert!(mails[0].text.contains(said), "{}", mails[0].text);
}

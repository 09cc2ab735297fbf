//! Sessions: created fresh, stored hashed, ended by sign-out, a new password, idleness and a maximum age.

use vault::test_support::{DAY, Fixture, HOUR, PASSWORD, creation};
use vault::{Actor, Caller, ChangePassword, Error};

#[tokio::test]
async fn a_session_ends_when_idle_and_at_its_maximum_age() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let stranger = Caller::default();
    let token = site
        .vault
        .sign_in(&stranger, "a@example.com", PASSWORD)
        .await
        .unwrap();
    site.clock.advance(14 * DAY - 1);
    assert!(site.session(&token).await.is_some(), "used in time");
    site.clock.advance(14 * DAY - HOUR);
    assert!(site.session(&token).await.is_some(), "the use was noted");
    site.clock.advance(14 * DAY);
    assert!(site.session(&token).await.is_none(), "idle for two weeks");

    let token = site
        .vault
        .sign_in(&stranger, "a@example.com", PASSWORD)
        .await
        .unwrap();
    for _ in 0..59 {
        site.clock.advance(DAY);
        assert!(site.session(&token).await.is_some());
    }
    site.clock.advance(DAY);
    assert!(
        site.session(&token).await.is_none(),
        "sixty days, however busy"
    );
}

/// A change may wait for its body or its turn while its session ends.
#[tokio::test]
async fn a_change_needs_a_session_that_has_not_reached_its_end() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let create = async |name: &str| {
        let new = creation(name, "", "never");
        site.vault.create_key(&member.actor, new).await
    };
    site.clock.advance(60 * DAY - 1);
    create("in time").await.unwrap();
    site.clock.advance(1);
    let late = create("late").await;
    assert!(matches!(late, Err(Error::SessionOver)));
    assert!(site.vault.sign_out(&member.actor).await.is_ok(), "always");
}

#[tokio::test]
async fn sign_out_ends_this_session_only() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let token = site
        .vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    let other = site.session(&token).await.unwrap();
    site.vault.sign_out(&member.actor).await.unwrap();
    assert!(site.session(&token).await.is_some());
    site.vault
        .sign_out(&Actor::new(&other, &Caller::default()))
        .await
        .unwrap();
    assert!(site.session(&token).await.is_none());
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_starts_one() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let stranger = Caller::default();
    let old = site
        .vault
        .sign_in(&stranger, "a@example.com", PASSWORD)
        .await
        .unwrap();
    let new_password = "another calm lake";
    let fresh = site
        .vault
        .change_password(
            &member.actor,
            ChangePassword {
                current: PASSWORD,
                new: new_password,
            },
        )
        .await
        .unwrap();
    assert!(site.session(&old).await.is_none());
    assert!(site.session(&fresh).await.is_some());
    assert!(
        site.vault
            .sign_in(&stranger, "a@example.com", PASSWORD)
            .await
            .is_err()
    );
    assert!(
        site.vault
            .sign_in(&stranger, "a@example.com", new_password)
            .await
            .is_ok()
    );
    assert_eq!(
        site.verdict(&member.default_key),
        "good",
        "keys do not depend on the password"
    );
}

#[tokio::test]
async fn the_token_is_stored_as_a_digest_only() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let token = site
        .vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    assert_eq!(token.expose().len(), 64, "256 bits");
    assert!(!site.stores(token.expose()).await);
    assert!(site.stores("a@example.com").await);
}

#[tokio::test]
async fn an_invalid_token_is_no_session() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    for nonsense in ["", "00", "' OR 1=1 --"] {
        assert!(site.vault.session(nonsense).await.unwrap().is_none());
    }
}

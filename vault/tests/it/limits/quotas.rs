//! Limits by network and account: what one of them can use, and what remains for the others.

use shared::notice::Stages;
use vault::limits::Limit;
use vault::test_support::{
    DAY, Fixture, HOUR, MINUTE, PASSWORD, SECOND, creation, from, newcomer, restoration,
};
use vault::{Caller, ChangePassword, EditKey, Error, SavePreferences};

fn is_throttled<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Throttled { .. }))
}

fn refused(site: &Fixture, limit: Limit) -> u64 {
    let counts = site.vault.limited();
    counts
        .iter()
        .find_map(|(of, count)| (*of == limit).then_some(*count))
        .unwrap()
}

/// Successful sign-ups count: one network can neither fill the database nor keep others out.
#[tokio::test]
async fn sign_ups_of_a_network_are_limited_per_hour() {
    let site = Fixture::limited(|limits| limits.sign_ups = 3).await;
    let sign_up = async |name: &str, caller: &Caller| {
        let email = format!("{name}@example.com");
        site.vault.sign_up(caller, newcomer(&email)).await
    };
    let (flood, home) = (from([203, 0, 113, 9]), from([192, 0, 2, 1]));
    for name in ["a", "b"] {
        assert!(sign_up(name, &flood).await.is_ok());
    }
    assert!(
        matches!(sign_up("a", &flood).await, Err(Error::SignUpRefused)),
        "asking for a taken address counts too"
    );
    let neighbour = from([203, 0, 113, 77]);
    assert!(is_throttled(&sign_up("c", &neighbour).await));
    assert_eq!(site.vault.key_count(), 2, "a refusal changes nothing");
    assert_eq!(refused(&site, Limit::SignUps), 1);
    assert!(sign_up("d", &home).await.is_ok(), "another network");
    let sign_in = site.vault.sign_in(&flood, "a@example.com", PASSWORD).await;
    assert!(sign_in.is_ok(), "accounts it has are not locked");
    site.clock.advance(HOUR / 3);
    assert!(sign_up("c", &flood).await.is_ok(), "refilled evenly");
    assert!(is_throttled(&sign_up("e", &flood).await));
}

/// Waits end on time while the vault's clock stands still, and a jump of the machine's clock ends none.
#[tokio::test]
async fn limits_are_independent_of_the_wall_clock() {
    let site = Fixture::limited(|limits| limits.sign_ups = 1).await;
    site.member("a@example.com").await;
    let home = from([192, 0, 2, 1]);
    let guess = async || {
        let guessed = site.vault.sign_in(&home, "a@example.com", "wrong").await;
        is_throttled(&guessed)
    };
    let sign_up = async |email: &str| {
        let signed_up = site.vault.sign_up(&home, newcomer(email)).await;
        is_throttled(&signed_up)
    };
    site.clock.leap(DAY);
    assert!(!sign_up("b@example.com").await);
    site.clock.leap(-DAY);
    for _ in 0..6 {
        assert!(!guess().await);
    }
    assert!(guess().await && sign_up("c@example.com").await);
    site.clock.leap(DAY);
    assert!(guess().await && sign_up("c@example.com").await);
    site.clock.leap(-DAY);
    site.clock.advance(SECOND);
    assert!(!guess().await, "the second is over");
    site.clock.advance(HOUR);
    assert!(!sign_up("c@example.com").await);
}

/// A flood of sign-ins leaves capacity for another network: excess ones are rejected before a hash is computed.
#[tokio::test]
async fn a_flood_of_sign_ins_leaves_room_for_another_network() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let flood = (0..300).map(|number| {
        let vault = site.vault.clone();
        async move {
            let email = format!("account{number}@example.com");
            vault
                .sign_in(&from([203, 0, 113, 9]), &email, PASSWORD)
                .await
                .map(drop)
        }
    });
    let owner = async {
        // By now the whole flood has asked for a slot.
        tokio::task::yield_now().await;
        let home = from([192, 0, 2, 1]);
        site.vault
            .sign_in(&home, "a@example.com", PASSWORD)
            .await
            .map(drop)
    };
    let (flood, owner) = tokio::join!(futures_util::future::join_all(flood), owner);
    assert!(owner.is_ok(), "{owner:?}");
    let busy = flood
        .iter()
        .filter(|result| matches!(result, Err(Error::Busy)))
        .count();
    let throttled = flood.iter().filter(|result| is_throttled(result)).count();
    let looked_at = flood.len() - busy - throttled;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().max(2) - 1);
    assert!(looked_at <= 17 * threads, "{looked_at}");
    assert_eq!(refused(&site, Limit::Hashing), busy as u64);
}

#[tokio::test]
async fn keys_of_an_account_are_limited() {
    let site = Fixture::limited(|limits| limits.keys = 2).await;
    let member = site.member("a@example.com").await;
    site.key(&member, "first", "never").await;
    let second = site.key(&member, "second", "never").await;
    let create = async || {
        site.vault
            .create_key(&member.actor, creation("third", "", "never"))
            .await
    };
    let refused = create().await;
    assert!(matches!(refused, Err(Error::Quota(Limit::Keys, 2))));
    assert_eq!(site.vault.key_count(), 3, "with the default key");
    let other = site.member("b@example.com").await;
    site.key(&other, "theirs", "never").await;
    let access_key = second.access_key.to_string();
    site.vault
        .delete_key(&member.actor, &access_key, "second")
        .await
        .unwrap();
    assert!(create().await.is_ok());
}

#[tokio::test]
async fn accounts_of_an_instance_are_limited() {
    let site = Fixture::limited(|limits| limits.accounts = 1).await;
    site.member("a@example.com").await;
    let sign_up = site
        .vault
        .sign_up(&Caller::default(), newcomer("b@example.com"))
        .await;
    assert!(matches!(sign_up, Err(Error::Quota(Limit::Accounts, 1))));
    assert_eq!(site.vault.key_count(), 1);
}

#[tokio::test]
async fn the_least_recently_used_session_makes_room() {
    let site = Fixture::limited(|limits| limits.sessions = 2).await;
    let caller = Caller::default();
    let signed_up = site
        .vault
        .sign_up(&caller, newcomer("a@example.com"))
        .await
        .unwrap();
    let sign_in = async || {
        site.clock.advance(MINUTE);
        site.vault
            .sign_in(&caller, "a@example.com", PASSWORD)
            .await
            .unwrap()
    };
    let second = sign_in().await;
    site.clock.advance(2 * HOUR);
    assert!(site.session(&signed_up.session).await.is_some(), "used");
    let third = sign_in().await;
    assert!(site.session(&second).await.is_none());
    assert!(site.session(&signed_up.session).await.is_some());
    assert!(site.session(&third).await.is_some());
}

/// Every operation that writes for an account counts, and beyond the limit none reaches the writer.
#[tokio::test]
async fn changes_of_an_account_are_limited() {
    let site = Fixture::limited(|limits| limits.changes = 1).await;
    site.leave_mail();
    let (vault, caller) = (&site.vault, Caller::default());
    let member = site.member("a@example.com").await;
    let actor = &member.actor;
    let key = member.default_key.access_key.to_string();
    // Twenty minutes' worth of changes at once.
    for number in 0..20 {
        site.key(&member, &number.to_string(), "7d").await;
    }
    let edit = EditKey {
        access_key: &key,
        name: Some("renamed"),
        ..EditKey::default()
    };
    let throttled = [
        vault
            .create_key(actor, creation("one more", "", "never"))
            .await
            .map(drop),
        vault.edit_key(actor, edit).await.map(drop),
        vault.expire_key(actor, &key).await.map(drop),
        vault
            .restore_key(actor, restoration(&key, "never"))
            .await
            .map(drop),
        vault.delete_key(actor, &key, "Default key").await.map(drop),
        vault
            .save_preferences(
                actor,
                SavePreferences {
                    time_zone: "UTC",
                    warning_days: "30",
                    ..SavePreferences::default()
                },
            )
            .await
            .map(drop),
        vault.choose_stages(actor, Stages::ALL, "").await,
        vault.set_second_recipient(actor, "b@example.com", "").await,
        vault.remove_second_recipient(actor, "").await,
        vault.resend_confirmation(actor, "account").await,
        vault.reset_calendar(actor).await,
        vault.send_again(actor, "mail_0").await,
        vault
            .change_password(
                actor,
                ChangePassword {
                    current: PASSWORD,
                    new: "a calm forest at noon",
                },
            )
            .await
            .map(drop),
        vault
            .sign_in(&caller, "a@example.com", PASSWORD)
            .await
            .map(drop),
    ];
    for (place, result) in throttled.iter().enumerate() {
        assert!(
            matches!(result, Err(Error::Throttled { retry_after: 60 })),
            "{place}: {result:?}"
        );
    }
    assert_eq!(vault.key_count(), 21);
    assert_eq!(refused(&site, Limit::Changes), throttled.len() as u64);
    let other = site.member("b@example.com").await;
    site.key(&other, "theirs", "never").await;
    site.clock.advance(MINUTE);
    assert!(vault.expire_key(actor, &key).await.is_ok());
    assert!(vault.sign_out(actor).await.is_ok(), "always");
}

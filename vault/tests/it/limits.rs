//! Limits by network and account: what one takes, and what is left to the others.

use vault::limits::Limit;
use vault::{Caller, Error};

use crate::fixture::{Fixture, HOUR, PASSWORD, from};

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

/// Sign-ups count although they succeed: one network can neither fill the database nor keep others out.
#[tokio::test]
async fn a_network_makes_so_many_accounts_an_hour() {
    let site = Fixture::limited(|limits| limits.sign_ups = 3).await;
    let sign_up = async |name: &str, caller: &Caller| {
        let email = format!("{name}@example.com");
        site.vault.sign_up(&email, PASSWORD, "UTC", caller).await
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
    let sign_in = site.vault.sign_in("a@example.com", PASSWORD, &flood).await;
    assert!(sign_in.is_ok(), "accounts it has are not locked");
    site.clock.advance(HOUR / 3);
    assert!(sign_up("c", &flood).await.is_ok(), "refilled evenly");
    assert!(is_throttled(&sign_up("e", &flood).await));
}

/// Many sign-ins at once: those that find no place are refused without a hash, and another network still gets in.
#[tokio::test]
async fn a_flood_of_sign_ins_leaves_room_for_another_network() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let flood = (0..300).map(|number| {
        let vault = site.vault.clone();
        async move {
            let email = format!("nobody{number}@example.com");
            vault
                .sign_in(&email, PASSWORD, &from([203, 0, 113, 9]))
                .await
                .map(drop)
        }
    });
    let owner = async {
        // After the whole flood has asked for its places.
        tokio::task::yield_now().await;
        let home = from([192, 0, 2, 1]);
        site.vault
            .sign_in("a@example.com", PASSWORD, &home)
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

use std::future::pending;

use super::*;

const STRANGER: [u8; 4] = [192, 0, 2, 1];
const OTHER: [u8; 4] = [192, 0, 2, 2];
const PROXY: [u8; 4] = [10, 0, 0, 1];

fn permits(count: usize, share: usize) -> Arc<Permits> {
    let proxies = ["10.0.0.0/8", "2001:db8::/64", "2001:db8:1::7/128"];
    let trusted = proxies.iter().filter_map(|network| network.parse().ok());
    Permits::new(count, share, trusted.collect())
}

/// Opens a connection that stays until it is ended, with a response in progress if `busy`, and lets a second pass.
async fn connect(permits: &Arc<Permits>, peer: [u8; 4], busy: bool) -> AbortHandle {
    let permit = permits.take(peer.into()).await;
    let index = permit.index();
    if busy {
        permit.busy();
    }
    let task = tokio::spawn(async move {
        let _permit = permit;
        pending::<()>().await;
    });
    let handle = task.abort_handle();
    permits.serve(index, handle.clone());
    tokio::time::sleep(Duration::from_secs(1)).await;
    handle
}

fn gone(connections: &[AbortHandle]) -> Vec<usize> {
    let gone = connections.iter().enumerate();
    gone.filter(|(_, task)| task.is_finished())
        .map(|(permit, _)| permit)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_longest_idle_connection_is_closed_first() {
    let permits = permits(3, 3);
    let mut held = Vec::new();
    for (peer, busy) in [(STRANGER, true), (STRANGER, false), (OTHER, false)] {
        held.push(connect(&permits, peer, busy).await);
    }
    assert_eq!(gone(&held), Vec::<usize>::new(), "there was room");
    held.push(connect(&permits, OTHER, false).await);
    assert_eq!(gone(&held), [1], "not the one that is being answered");
}

#[tokio::test(start_paused = true)]
async fn an_address_over_its_share_is_closed_first() {
    let permits = permits(5, 2);
    let mut held = vec![
        connect(&permits, PROXY, false).await,
        connect(&permits, OTHER, false).await,
    ];
    for busy in [true, false, true] {
        held.push(connect(&permits, STRANGER, busy).await);
    }
    held.push(connect(&permits, STRANGER, true).await);
    assert_eq!(gone(&held), [3], "it makes way for itself");
    held.push(connect(&permits, PROXY, true).await);
    assert_eq!(gone(&held), [1, 3], "then the longest idle of the others");
    held.push(connect(&permits, OTHER, true).await);
    assert_eq!(
        gone(&held),
        [1, 2, 3],
        "then what it is being answered, and proxies last"
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_free_again_when_its_connection_ends() {
    let permits = permits(1, 1);
    for _ in 0..3 {
        drop(permits.take(STRANGER.into()).await);
    }
    permits.empty().await;
    let table = permits.table();
    assert!(table.holders.is_empty() && table.tasks.is_empty());
}

/// A proxy never counts against a share, not even that of the customer network that contains it.
#[test]
fn a_network_has_one_share_and_a_proxy_its_own() -> Result<(), std::net::AddrParseError> {
    let permits = permits(1, 1);
    for (peer, holder) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:12::9", "2001:db8::"),
        ("2001:db8:0:ff:1::9", "2001:db8::"),
        ("2001:db8:0:100::9", "2001:db8:0:100::"),
        ("2001:db8:1::8", "2001:db8:1::"),
    ] {
        let holder = Holder::Untrusted(holder.parse()?);
        assert_eq!(permits.holder_of(peer.parse()?), holder, "{peer}");
    }
    for (peer, proxy) in [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::", "2001:db8::"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8:1::7", "2001:db8:1::7"),
    ] {
        let proxy = Holder::Trusted(proxy.parse()?);
        assert_eq!(permits.holder_of(peer.parse()?), proxy, "{peer}");
    }
    Ok(())
}

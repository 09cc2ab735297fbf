//! The caller's network address: the connection's, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderName;
use ipnet::IpNet;
use vault::Caller;
use vault::gate::Headers;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection; put into each request where connections are accepted.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Who sends a request. X-Forwarded-For is believed only from a trusted proxy, and of its hops the
/// rightmost that is not itself trusted counts: everything left of that is the caller's own claim.
pub fn caller(peer: Option<Peer>, headers: &impl Headers, trusted: &[IpNet]) -> Caller {
    Caller {
        address: peer.map(|peer| address(peer, headers, trusted)),
    }
}

fn address(Peer(peer): Peer, headers: &impl Headers, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    // Bytes, so that a header which is no text hides no hop.
    let hops = headers
        .all(X_FORWARDED_FOR)
        .rev()
        .flat_map(|value| value.rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = std::str::from_utf8(hop)
            .ok()
            .and_then(|hop| address_of(hop.trim()))
        else {
            break;
        };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            break;
        }
    }
    nearest
}

/// An address, with or without a port: some proxies write one.
fn address_of(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, HeaderValue};

    fn from(peer: [u8; 4], forwarded: &[&'static str]) -> Option<String> {
        let peer = Peer(SocketAddr::from((peer, 40_000)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let trusted = [IpNet::new(IpAddr::from([10, 0, 0, 0]), 8).ok()?];
        Some(address(peer, &headers, &trusted).to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(
            from([192, 0, 2, 1], &["203.0.113.9"]).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(
            from([10, 0, 0, 1], &["203.0.113.9"]).as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(from([10, 0, 0, 1], &[]).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn the_rightmost_untrusted_hop_counts() {
        let spoofed = from([10, 0, 0, 1], &["1.1.1.1, 203.0.113.9, 10.0.0.7"]);
        assert_eq!(spoofed.as_deref(), Some("203.0.113.9"));
        let two_headers = from([10, 0, 0, 1], &["1.1.1.1", "203.0.113.9"]);
        assert_eq!(two_headers.as_deref(), Some("203.0.113.9"));
        assert_eq!(
            from([10, 0, 0, 1], &["203.0.113.9, nonsense"]).as_deref(),
            Some("10.0.0.1")
        );
        assert_eq!(
            from([10, 0, 0, 1], &["203.0.113.9:4711"]).as_deref(),
            Some("203.0.113.9")
        );
    }
}

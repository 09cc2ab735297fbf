//! The client's network address: the connection's, or the one that a trusted proxy forwards.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderName;
use ipnet::IpNet;
use vault::Caller;
use vault::verify::Headers;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection. The accept loop puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Returns the caller of a request. X-Forwarded-For counts only from a trusted proxy, and of its hops the rightmost
/// that is not itself trusted: everything left of that is the caller's own claim.
pub fn caller(peer: Option<Peer>, headers: &impl Headers, trusted: &[IpNet]) -> Caller {
    Caller {
        address: peer.map(|peer| address(peer, headers, trusted)),
        ..Caller::default()
    }
}

fn address(Peer(peer): Peer, headers: &impl Headers, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    // Bytes, so that a header which is not text hides no hop.
    let hops = headers
        .all(X_FORWARDED_FOR)
        .rev()
        .flat_map(|value| value.rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops {
        // Empty members of a list are ignored (RFC 9110, section 5.6.1).
        if hop.trim_ascii().is_empty() {
            continue;
        }
        let Some(address) = std::str::from_utf8(hop).ok().and_then(address_of) else {
            break;
        };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            break;
        }
    }
    nearest
}

/// Parses an address in any of the forms that proxies write: in quotes or not (RFC 7239, section 4), with a port or the
/// colon before it, in brackets, with the zone of a link-local one.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let hop = hop
        .strip_prefix('"')
        .and_then(|quoted| quoted.strip_suffix('"'))
        .unwrap_or(hop)
        .trim();
    let (address, port) = if let Some(bracketed) = hop.strip_prefix('[') {
        bracketed.split_once(']')?
    } else if hop.matches(':').count() == 1 {
        hop.split_at(hop.find(':')?)
    } else {
        (hop, "")
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let address = match address.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address.parse::<Ipv6Addr>().ok()?.into(),
        _ => address.parse().ok()?,
    };
    is_port.then_some(address)
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
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        for (written, read) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("203.0.113.9:", "203.0.113.9"),
            ("\"203.0.113.9:4711\"", "203.0.113.9"),
            ("\"[2001:db8:2::7]:4711\"", "2001:db8:2::7"),
            ("[2001:db8:2::7]", "2001:db8:2::7"),
            ("2001:db8:2::7", "2001:db8:2::7"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9,, ,", "203.0.113.9"),
            ("", "10.0.0.1"),
            (",", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("_hidden", "10.0.0.1"),
            ("203.0.113.9:http", "10.0.0.1"),
            ("203.0.113.9%eth0", "10.0.0.1"),
            ("[203.0.113.9", "10.0.0.1"),
            ("\"203.0.113.9", "10.0.0.1"),
            ("1.1.1.1, \"", "10.0.0.1"),
        ] {
            assert_eq!(
                from([10, 0, 0, 1], &[written]).as_deref(),
                Some(read),
                "{written}"
            );
        }
    }
}

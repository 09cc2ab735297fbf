//! Loopback hosts: names and addresses that only this machine can reach.

use std::net::IpAddr;

/// Returns whether a host is a loopback address or a name of one.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "LOCALHOST",
            "keyhold.localhost",
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "[::1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["", "localhost.example", "10.0.0.1", "[::2]", "notlocalhost"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}

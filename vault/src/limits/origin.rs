//! The network and the mailbox behind an address, for the limits only, never for identity: two accounts whose addresses
//! lead to one mailbox remain two accounts.

use std::net::IpAddr;

/// Domains that ignore dots before the `@`, and are one provider under two names.
const GOOGLE: [&str; 2] = ["gmail.com", "googlemail.com"];

/// Returns the network of an address: an IPv4 /24 or an IPv6 /56, which one customer commonly holds.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & !0xff).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 72)).into()),
    }
}

/// Returns the mailbox that an email address leads to: without a tag (`ada+keys@…`), in lower case, and without the
/// dots that Google ignores.
pub fn mailbox(email: &str) -> String {
    let email = email.to_lowercase();
    let Some((local, domain)) = email.rsplit_once('@') else {
        return email;
    };
    let local = local.split('+').next().unwrap_or(local);
    if GOOGLE.contains(&domain) {
        return format!("{}@{}", local.replace('.', ""), GOOGLE[0]);
    }
    format!("{local}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_network() {
        let network = |text: &str| text.parse().map(network);
        assert_eq!(network("192.0.2.1"), network("192.0.2.200"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:ff::9"));
        assert_ne!(network("2001:db8:0:100::1"), network("2001:db8:0:200::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.9"));
    }

    #[test]
    fn spellings_of_one_mailbox_are_one() {
        for spelling in [
            "v.ictim@gmail.com",
            "vi.ctim+keys@googlemail.com",
            "Victim+@GMail.com",
        ] {
            assert_eq!(mailbox(spelling), "victim@gmail.com", "{spelling}");
        }
        assert_eq!(mailbox("v.ictim+a@example.com"), "v.ictim@example.com");
        assert_ne!(
            mailbox("victim@example.com"),
            mailbox("v.ictim@example.com")
        );
    }
}

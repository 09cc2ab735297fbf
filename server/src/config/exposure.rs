//! Settings that weaken security, and of which a start warns.

use std::net::SocketAddr;

use super::Config;

impl Config {
    /// Returns the warnings. `bound` is the address that the listener took.
    pub fn warnings(&self, base_url: &str, bound: SocketAddr) -> Vec<String> {
        let mut warnings = Vec::new();
        if base_url.starts_with("https://") && self.trusted_proxies.0.is_empty() {
            warnings.push(
                "KEYHOLD_TRUSTED_PROXIES is not set: all clients behind the proxy count as one network, and too many failed \
                 sign-ins by one of them slow down all"
                    .to_owned(),
            );
        }
        if base_url.starts_with("http://") && !bound.ip().is_loopback() {
            warnings.push(format!(
                "listening on {bound} without TLS: sessions can be read by anyone on that network"
            ));
        }
        warnings
    }
}

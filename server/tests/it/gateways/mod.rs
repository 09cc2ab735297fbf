//! The gateways of `deploy/` between a client and an API, with the real Keyhold beside them. An accepted request
//! reaches the API with Keyhold's identity headers; a rejected one gets Keyhold's answer and does not reach the API.

mod decisions;
mod identity;
mod pages;
mod process;
mod recorder;
mod site;
mod subrequests;
mod upstream;

/// Makes one test for each gateway.
macro_rules! behind_each_gateway {
    ($($room:ident: $scenario:ident)*) => { $(
        mod $scenario {
            use crate::gateways::process::Kind;

            #[test]
            fn nginx() {
                crate::gateways::$room::$scenario(Kind::Nginx);
            }

            #[test]
            fn caddy() {
                crate::gateways::$room::$scenario(Kind::Caddy);
            }

            #[test]
            fn traefik() {
                crate::gateways::$room::$scenario(Kind::Traefik);
            }

            #[test]
            fn envoy() {
                crate::gateways::$room::$scenario(Kind::Envoy);
            }
        }
    )* };
}

behind_each_gateway! {
    decisions: credentials_are_decided_on
    decisions: every_request_is_guarded
    decisions: changes_hold_at_once
    identity: who_it_is_comes_from_keyhold
    upstream: only_web_sockets_are_changed_to
    upstream: the_apis_own_troubles_are_its_own
    subrequests: keyhold_is_asked_little
    subrequests: refusals_pass_as_they_are
    subrequests: whoever_waits_is_answered
}

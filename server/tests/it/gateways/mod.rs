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
    decisions: every_carrier_is_verified
    decisions: every_request_is_guarded
    decisions: changes_apply_immediately
    identity: identity_headers_come_from_keyhold_alone
    identity: external_ids_come_from_keyhold_alone
    identity: suspended_accounts_are_refused
    upstream: only_websocket_upgrades_pass
    upstream: api_errors_reach_the_client_unchanged
    subrequests: subrequests_carry_only_what_keyhold_reads
    subrequests: rejections_pass_unchanged
    subrequests: expect_continue_and_http_1_0_work
}

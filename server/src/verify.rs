//! `/verify` and any path below it, any method, body unread: where gateways ask whether a key is good.

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, Response};
use vault::gate::{Headers, X_REQUEST_ID};

use crate::address::{Peer, caller};
use crate::state::AppState;

/// Whether an address is this one or below it.
pub fn is_meant(path: &str) -> bool {
    path.strip_prefix("/verify")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The refusal of a request, as it is to be answered. None if the key is good: then, and only then, `say` is given
/// the headers of the empty 200, name and value.
pub fn refusal(
    state: &AppState,
    headers: &impl Headers,
    query: Option<&str>,
    peer: Option<Peer>,
    mut say: impl FnMut(&HeaderName, &[u8]),
) -> Option<Response<Vec<u8>>> {
    let vault = &state.vault;
    let id = vault.request_id(headers);
    let caller = caller(peer, headers, &state.trusted_proxies);
    match vault.admit_saying(headers, &caller, &mut say) {
        Ok(()) => {
            say(&CACHE_CONTROL, b"no-store");
            say(&X_REQUEST_ID, id.as_bytes());
            None
        }
        Err(refused) if is_nginx(query) => Some(refused.answer_nginx(vault, id)),
        Err(refused) => Some(refused.answer(vault, id)),
    }
}

/// Whether nginx asks: `?gateway=nginx`.
fn is_nginx(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "gateway=nginx"))
}

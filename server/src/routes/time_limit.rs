//! The time limit of a page or a function. Verification has none, because it waits for nothing.
//!
//! With a database server the limit is the sum of all that a change may wait for, so that a change which will be
//! acknowledged is not answered as late: see `docs/nodes.md`. Proxies in front wait longer still, or their clients would
//! get an answer that says less.

use std::time::Duration;

use app::error::FnError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout;

use super::server_fns::wants_page;
use crate::http::fn_error::{finish_error, json_error};
use crate::state::AppState;

/// The longest for all but a change on a database server: the session, the fields, the queries and the page.
const REST: Duration = Duration::from_secs(30);

/// Answers a request within the limit.
pub async fn keep(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let changes = !request.method().is_safe();
    let wants_json = request.uri().path().starts_with("/fn/") && !wants_page(request.headers());
    let limit = REST + state.vault.longest_change();
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => late(changes, wants_json),
    }
}

/// The answer after the limit. A change goes on without its request, so its outcome is not known here.
fn late(changes: bool, wants_json: bool) -> Response {
    let error = FnError::late(changes);
    if wants_json {
        return json_error(&error);
    }
    let mut response = Response::new(Body::from(error.message.clone() + "\n"));
    finish_error(&mut response, &error);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::StatusCode;
    use axum::http::header::RETRY_AFTER;

    use super::*;

    #[tokio::test]
    async fn a_late_change_is_not_said_to_have_failed() -> Result<(), axum::Error> {
        for wants_json in [true, false] {
            let response = late(true, wants_json);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key(RETRY_AFTER));
            let body = to_bytes(response.into_body(), 1000).await?;
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains("may have been made"), "{body}");
            assert_eq!(body.starts_with('{'), wants_json, "{body}");
        }
        let body = to_bytes(late(false, false).into_body(), 1000).await?;
        assert_eq!(body, "That took too long. Try again.\n");
        Ok(())
    }

    /// Otherwise a change that is acknowledged at the last moment would be answered by the proxy.
    #[test]
    fn proxies_wait_longer_than_keyhold() {
        // As docs/nodes.md has it: KEYHOLD_LEASE, 30 s by default, and 60 s more.
        let change = Duration::from_millis(29_500) + Duration::from_secs(30);
        assert!(REST + change < Duration::from_secs(90));
        let haproxy = include_str!("../../../deploy/postgres/haproxy-keyhold.cfg");
        assert!(haproxy.contains("    timeout server 90s\n"));
        let compose = include_str!("../../../deploy/compose.yml");
        assert!(compose.contains("proxy_read_timeout 90s;"));
        let restart = include_str!("../../../deploy/postgres/rolling-restart.sh");
        assert!(restart.contains("drain_seconds=90\n"));
    }
}

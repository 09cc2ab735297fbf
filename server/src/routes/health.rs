//! `/healthz` and `/readyz`: whether verification can be trusted, and whether all of Keyhold works.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::state::AppState;

/// 200 `ok` while verification can be trusted, whether or not changes can be made.
pub async fn healthz(State(state): State<AppState>) -> impl IntoResponse {
    if state.vault.is_trusted() {
        (StatusCode::OK, "ok")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "verification cannot be trusted",
        )
    }
}

/// 200 `ready` when all of Keyhold works; else 503 with a line for each fault.
pub async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    let faults = state.vault.faults();
    if faults.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines = faults
        .iter()
        .map(|(cause, sentence)| format!("{}: {sentence}\n", cause.slug()));
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

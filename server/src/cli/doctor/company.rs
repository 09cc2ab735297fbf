//! The check of the company's sign-in page.

use axum::body::Body;
use axum::http::Request;

use super::{Finding, Status};
use crate::config::Config;
use crate::net::client;

const CHECK: &str = "sign_in";

/// Opens the page as a browser does that is not signed in.
pub async fn of_sign_in(config: &Config) -> Finding {
    let Some(page) = config.company.sign_in() else {
        return Finding::new(CHECK, Status::Ok, "people sign in at Keyhold itself");
    };
    // With the page to come back to that Keyhold would send.
    let url = page.leading_to("/preferences/api-control");
    let answer = match Request::get(&url).body(Body::empty()) {
        Ok(request) => client::send(request)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let verdict = answer
        .map_err(|reason| format!("{url} cannot be reached from here: {reason}"))
        .and_then(|answer| judged(&url, answer.status.as_u16()));
    Finding::of(
        CHECK,
        verdict.map_err(|fault| {
            format!("{fault}. Check KEYHOLD_SIGN_IN_URL: pages without a session lead there")
        }),
    )
}

/// Judges the status of the page's answer: it may lead on, or ask to sign in.
fn judged(url: &str, status: u16) -> Result<String, String> {
    match status {
        200..=399 | 401 | 403 => Ok(format!("{url} answers {status}")),
        _ => Err(format!("{url} answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_page_may_lead_on_or_ask() {
        for status in [200, 303, 401, 403] {
            assert!(judged("https://app.example.com/", status).is_ok());
        }
        for status in [400, 404, 405, 500, 502] {
            assert!(judged("https://app.example.com/", status).is_err());
        }
    }
}

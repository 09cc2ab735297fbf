//! The check of the company's sign-in page.

use axum::body::Body;
use axum::http::{Method, Request};

use super::{Finding, Status};
use crate::config::Config;
use crate::config::masked::masked;
use crate::net::client;

const CHECK: &str = "sign_in";

/// Asks for the methods of the page (OPTIONS), and not for the page: an app that has a session for everyone, as the examples
/// have, makes an account and a portal link for each GET, and many an app answers HEAD as it does GET. An app that does not
/// know the method has been reached as well.
pub async fn of_sign_in(config: &Config) -> Finding {
    let Some(page) = config.company.sign_in() else {
        return Finding::new(CHECK, Status::Ok, "people sign in at Keyhold itself");
    };
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(page.as_str());
    let answer = match request.body(Body::empty()) {
        Ok(request) => client::send(request)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let url = masked(page.as_str());
    match answer {
        Ok(answer) => judged(&url, answer.status.as_u16()),
        Err(reason) => {
            let fault = format!("{url} cannot be reached from here: {reason}");
            Finding::new(CHECK, Status::Failed, advised(&fault))
        }
    }
}

/// Judges the status of the answer to OPTIONS.
fn judged(url: &str, status: u16) -> Finding {
    match status {
        // An app may know the page and not the method.
        404 | 410 => {
            let fault = format!(
                "{url} answers {status} to OPTIONS, which was asked because a GET might make a portal link: open it in a browser"
            );
            Finding::new(CHECK, Status::Warning, advised(&fault))
        }
        // A proxy's answers about an app that is away.
        500 | 502..=504 => {
            let fault = format!("{url} answers {status}");
            Finding::new(CHECK, Status::Failed, advised(&fault))
        }
        _ => Finding::new(
            CHECK,
            Status::Ok,
            format!(
                "{url} is reached: it answers {status} to OPTIONS. It was not opened, because that might make a portal link"
            ),
        ),
    }
}

fn advised(fault: &str) -> String {
    format!("{fault}. Check KEYHOLD_SIGN_IN_URL: pages without a session lead there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_reached_also_if_it_knows_no_options() {
        for (status, verdict) in [
            (200, Status::Ok),
            (204, Status::Ok),
            (303, Status::Ok),
            (401, Status::Ok),
            (403, Status::Ok),
            (405, Status::Ok),
            (501, Status::Ok),
            (404, Status::Warning),
            (500, Status::Failed),
            (502, Status::Failed),
        ] {
            let finding = judged("https://app.example.com/", status);
            assert_eq!(finding.status, verdict, "{status}");
        }
    }
}

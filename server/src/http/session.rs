//! The session of each request, read once from the session cookie.

use app::server_fns::context::RequestContext;
use app::site::Site;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, Response};
use axum::middleware::Next;
use vault::verify::X_REQUEST_ID;
use vault::{Caller, DeviceToken};

use super::client_ip::caller;
use super::cookies::{cookie, cookies};
use super::fn_error::json_error;
use crate::state::AppState;

/// The most cookies that are looked up: others may belong to further Keyholds on this host.
const MOST_SESSIONS: usize = 4;

/// Puts a [`RequestContext`] into the extensions. If the session cannot be looked up, the request is rejected.
pub async fn identify(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let vault = state.vault.of_request();
    let mut sessions = Vec::new();
    for token in tokens(request.headers(), &state.site) {
        match vault.session(token).await {
            Ok(found) => sessions.extend(found),
            Err(error) => return json_error(&error.into()),
        }
    }
    let mut sessions = sessions.into_iter();
    let device = cookie(request.headers(), &state.site.device_cookie_name());
    let id = request.headers().get(X_REQUEST_ID);
    let caller = Caller {
        request_id: id.and_then(|id| id.to_str().ok()).map(Box::from),
        device: device.map(DeviceToken::sent),
        agent: request
            .headers()
            .get(USER_AGENT)
            .map(|agent| agent.as_bytes().into()),
        ..caller(
            request.extensions().get().copied(),
            request.headers(),
            &state.trusted_proxies,
        )
    };
    let context = RequestContext {
        vault,
        site: state.site.clone(),
        caller,
        session: sessions.next(),
        other_sessions: sessions.collect(),
    };
    request.extensions_mut().insert(context);
    next.run(request).await
}

/// Returns the cookies that may hold the session, those of the present name first. There are several if the port has
/// changed, or if another Keyhold on this host has its own.
fn tokens<'a>(headers: &'a HeaderMap, site: &Site) -> Vec<&'a str> {
    let own = site.session_cookie_name();
    let mut tokens: Vec<_> = cookies(headers)
        .filter(|(name, _)| site.may_be_session_cookie(name))
        .collect();
    tokens.sort_by_key(|(name, _)| *name != own);
    let tokens = tokens.into_iter().map(|(_, token)| token);
    tokens.take(MOST_SESSIONS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    #[test]
    fn sessions_of_all_ports_are_read() {
        let site = Site {
            base_url: "http://127.0.0.1:3001".to_owned(),
            sign_up_open: true,
            ..Site::default()
        };
        let mut headers = HeaderMap::new();
        let value = "keyhold_session=a; keyhold_theme=b; keyhold_session_3001=c";
        headers.append(COOKIE, HeaderValue::from_static(value));
        assert_eq!(tokens(&headers, &site), ["c", "a"]);
        let many = "keyhold_session=a; ".repeat(100);
        if let Ok(value) = HeaderValue::from_str(&many) {
            headers.append(COOKIE, value);
        }
        assert_eq!(tokens(&headers, &site).len(), MOST_SESSIONS);
    }
}

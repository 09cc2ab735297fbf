//! `/signed-out`: the end of a session that a portal link began. It leads to where the company's app wants its customers back.

use app::pages::signed_out::WayOn;
use app::server_fns::context::RequestContext;
use app::site::Site;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::REFRESH;
use axum::http::{HeaderValue, Response};
use leptos::prelude::provide_context;

use super::pages::{SIGNED_OUT, render_with};
use crate::state::AppState;

/// The parameter with the address to go on to. It is checked as in the request for the link.
const BACK: &str = "back";

/// Returns the address of the page after a sign-out; none for a session of an own sign-in.
pub fn after(context: &RequestContext) -> Option<String> {
    let portal = context.session.as_ref()?.portal.as_ref()?;
    let Some(back) = &portal.return_url else {
        return Some(SIGNED_OUT.to_owned());
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(BACK, back)
        .finish();
    Some(format!("{SIGNED_OUT}?{query}"))
}

/// Answers with the page. It goes on by itself to the address of the way back; not to the company's sign-in, which would
/// sign in again.
pub async fn page(State(state): State<AppState>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let back = back(&state.site, query);
    let refresh = back
        .as_ref()
        .and_then(|way| HeaderValue::from_str(&format!("0; url={}", way.href)).ok());
    let way = back.or_else(|| {
        let company = state.site.sign_in.as_ref()?;
        Some(WayOn {
            href: company.as_str().to_owned(),
            app: state.site.app_at(company.host()),
        })
    });
    let provide = move || {
        if let Some(way) = way.clone() {
            provide_context(way);
        }
    };
    let mut response = render_with(&state, request, None, provide).await;
    if let Some(refresh) = refresh {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Returns the way back that an address asks for, if its host is one of the company's.
fn back(site: &Site, query: &str) -> Option<WayOn> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let (_, asked) = fields.find(|(name, _)| name == BACK)?;
    let url = site.return_hosts.allow(&asked).ok()?;
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}"));
    Some(WayOn {
        app: site.app_at(&format!("{host}{}", port.unwrap_or_default())),
        href: url.into(),
    })
}

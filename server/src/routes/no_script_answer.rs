//! Answers to plain forms, which a browser without JavaScript sends: a redirect when the call succeeded; the form's own
//! page, with what was typed and what is wrong, when it failed.

use app::client::call::{FormFields, Reply};
use app::forms::form_replay::Replay;
use app::pages::api_control::parameters;
use app::server_fns::account::SignOut;
use app::server_fns::context::RequestContext;
use app::server_fns::registry::{Done, Function};
use app::site::Site;
use axum::body::Body;
use axum::http::header::{HOST, REFERER, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use leptos::server_fn::ServerFn;
use serde_json::Value;
use shared::list::ListQuery;
use shared::redirect::local_path;
use shared::token::AccessKey;

use super::pages::render;
use super::signed_out;
use super::way_back;
use crate::config::http;
use crate::http::fn_error::finish_error;
use crate::state::AppState;

/// Answers a plain form.
pub async fn as_page(
    state: &AppState,
    function: &Function,
    parts: Parts,
    context: RequestContext,
    fields: FormFields,
    outcome: Reply,
) -> Response<Body> {
    let sender = sender(&parts.headers, &state.site.base_url);
    let field = |name: &str| {
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value.as_str())
    };
    match (&outcome, function.done) {
        (Ok(json), Done::Redirect(to)) => {
            if function.path == SignOut::PATH
                && let Some(to) = signed_out::after(&context)
            {
                return Redirect::to(&to).into_response();
            }
            let back = or_dashboard(sender.clone());
            let here = back.split('?').next().unwrap_or_default();
            let to = fill(to, field)
                .replace("{change}", &change(&json.0))
                .replace("{back}", here);
            let to = to_dashboard(&to, sender.as_deref()).unwrap_or(to);
            Redirect::to(to.trim_end_matches("&change=")).into_response()
        }
        (Ok(_), Done::Back) => Redirect::to(&or_dashboard(sender)).into_response(),
        _ => {
            let address = function
                .page
                .map_or_else(|| or_dashboard(sender.clone()), |page| fill(page, field));
            // The page as it was, for example with the day of its address, unless the form was on another one.
            let own = address.split('?').next();
            let here = or_dashboard(sender);
            let page = if here.split('?').next() == own {
                here
            } else {
                address.clone()
            };
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = address.parse().unwrap_or_default();
            *request.headers_mut() = parts.headers;
            request.extensions_mut().insert(context);
            let replay = Replay {
                path: function.path.to_owned(),
                page,
                fields: fields
                    .into_iter()
                    .filter(|(name, _)| !name.contains("password") && !name.contains("secret"))
                    .collect(),
                outcome: outcome.clone(),
            };
            let mut response = render(state, request, Some(replay)).await;
            // The form was accepted or refused, although another part of its page may be unavailable.
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().remove(RETRY_AFTER);
            if let Err(error) = &outcome {
                finish_error(&mut response, error);
            }
            response
        }
    }
}

/// Redirects a browser that opens the address of a form's function to the form's page.
pub fn to_form(page: &str) -> Response<Body> {
    let address = fill(page, |_| "");
    let address = address.trim_end_matches('/');
    Redirect::to(if address.is_empty() { "/" } else { address }).into_response()
}

/// Returns the Dashboard's address with the note of `to`, if the form was on the Dashboard.
fn to_dashboard(to: &str, sender: Option<&str>) -> Option<String> {
    let (_, note) = to.split_once("?done=")?;
    let path = sender?.split('?').next();
    (path == Some("/")).then(|| format!("/?done={note}"))
}

/// Redirects a plain form to the sign-in page, which says that the session has ended.
pub fn session_has_ended(headers: &HeaderMap, site: &Site) -> Response<Body> {
    let here = or_dashboard(sender(headers, &site.base_url));
    Redirect::to(&way_back::own(site, &here, Some("ended"))).into_response()
}

/// Fills the address of a page with a form's fields. A field that is invalid there is left out.
fn fill<'a>(pattern: &str, field: impl Fn(&str) -> &'a str) -> String {
    if pattern == "{next}" {
        return local_path(field("next")).to_owned();
    }
    let list = ListQuery::parse(
        field("q"),
        field("status"),
        field("show"),
        field("sort"),
        field("page"),
    );
    let access_key = field("access_key")
        .parse::<AccessKey>()
        .map(|key| key.to_string())
        .unwrap_or_default();
    pattern
        .replace("{access_key}", &access_key)
        .replace("{list}", &parameters(&list))
        .replace("?&", "?")
        .trim_end_matches('?')
        .to_owned()
}

/// Returns the handle of a change from the answer that has it, or nothing.
fn change(json: &str) -> String {
    let answer: Option<Value> = serde_json::from_str(json).ok();
    let change = answer.and_then(|answer| Some(answer.get("change")?.as_str()?.to_owned()));
    let is_plain = |text: &String| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    change.filter(is_plain).unwrap_or_default()
}

fn or_dashboard(sender: Option<String>) -> String {
    sender.unwrap_or_else(|| "/".to_owned())
}

/// Returns the page of this site that sent the form, if the browser tells.
fn sender(headers: &HeaderMap, base_url: &str) -> Option<String> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| std::str::from_utf8(value.as_bytes()).ok())
    };
    let referer: Uri = text(REFERER)?.parse().ok()?;
    let own = http::origin(text(REFERER)?)?;
    let host = text(HOST).unwrap_or_default();
    let ours = own == base_url
        || ["http", "https"]
            .iter()
            .any(|scheme| http::origin(&format!("{scheme}://{host}")).as_ref() == Some(&own));
    let path = referer.path_and_query().filter(|_| ours)?.as_str();
    // A page that answered a post has the function's address, where no page is.
    (!path.starts_with("/fn/")).then(|| local_path(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_the_dashboard_leads_back_there() {
        let page = "/preferences/api-control/kh_0?done=restored&change=c1";
        let back = Some("/?done=restored&change=c1".to_owned());
        assert_eq!(to_dashboard(page, Some("/")), back);
        assert_eq!(to_dashboard(page, Some("/?done=snooze")), back);
        assert_eq!(to_dashboard(page, Some("/preferences/notices")), None);
        assert_eq!(to_dashboard(page, None), None);
        assert_eq!(to_dashboard("/sign-in", Some("/")), None);
    }
}

//! The way of a browser without a session to a sign-in page, and back to the page that it asked for: to Keyhold's own, or to
//! the company's, `KEYHOLD_SIGN_IN_URL`.
//!
//! A link of another site, such as one in a mail, is redirected to the company at once. A page of Keyhold itself leads to its own
//! sign-in page first, which leads on: the content security policy forbids its forms to lead elsewhere, also by a redirect, and
//! browsers apply that to each address on the way through the company's sign-in.

use app::site::Site;
use axum::body::Body;
use axum::http::header::{REFERER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use axum::response::{IntoResponse, Redirect};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use shared::redirect::{LONGEST, local_path};
use shared::sign_in_url::is_for_others;
use shared::view::Link;

use crate::http::cookies::cookie;
use crate::http::csrf::SEC_FETCH_SITE;

/// The characters to encode in a value of a query (RFC 3986, section 3.4), and `+`, which forms read as a blank.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b',')
    .remove(b'=');

/// How often a browser is led to the company within [`SOON_S`]. A browser that comes back without a session more often than
/// that is in a loop, which a page with a sentence ends.
const MOST_LED: u8 = 5;
const SOON_S: u32 = 20;
/// How long the way back is kept after its session: a tab may be left open for some days.
const BACK_S: u32 = 7 * 24 * 60 * 60;

/// The value of `done` for the page that ends a loop.
const LOST: &str = "lost";

/// Redirects a request without a session to the sign-in page that leads back to `here`, a local path.
pub fn to_sign_in(site: &Site, headers: &HeaderMap, here: &str) -> Response<Body> {
    let Some(company) = &site.sign_in else {
        return Redirect::to(&own(site, here, None)).into_response();
    };
    let is_ours = headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|from| from == "same-origin");
    // Of our pages, only that of a portal link names no referrer. The session that it began was not kept.
    let entered = is_ours && !headers.contains_key(REFERER);
    let name = site.led_cookie_name();
    let led = cookie(headers, &name).and_then(|times| times.parse().ok());
    let led: u8 = led.unwrap_or_default();
    let (target, cookie) = if entered || led >= MOST_LED {
        (own(site, here, Some(LOST)), site.cookie(&name, "", 0))
    } else {
        let target = if is_ours {
            own(site, here, None)
        } else {
            company.leading_to(local_path(here))
        };
        let count = (led + 1).to_string();
        (target, site.cookie(&name, &count, SOON_S))
    };
    let mut response = Redirect::to(&target).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Returns the address of Keyhold's own sign-in page that leads back to `here`, unless `here` is too long for one of our
/// addresses. `done` names what the page says first.
pub fn own(site: &Site, here: &str, done: Option<&str>) -> String {
    let mut next = utf8_percent_encode(here, IN_QUERY).to_string();
    if next.len() > LONGEST {
        "/".clone_into(&mut next);
    }
    let mut address = "/sign-in".to_owned();
    // The company's page is asked by its parameter to lead back, also to the Dashboard.
    if next != "/" || site.sign_in.is_some() {
        address = format!("{address}?next={next}");
    }
    if let Some(done) = done {
        let and = if address.contains('?') { '&' } else { '?' };
        address = format!("{address}{and}done={done}");
    }
    address
}

/// Returns the cookie that keeps the way back to the company's app beyond the session that a link from there began; without
/// an address, the one that removes it.
pub fn back_cookie(site: &Site, address: Option<&str>, session_seconds: u32) -> String {
    let value = utf8_percent_encode(address.unwrap_or_default(), NON_ALPHANUMERIC).to_string();
    let seconds = session_seconds.saturating_add(BACK_S);
    let seconds = if value.is_empty() { 0 } else { seconds };
    site.cookie(&site.back_cookie_name(), &value, seconds)
}

/// Returns the way back that the cookie keeps, for the sign-in page: such a browser has most likely no password for it. None
/// where the company has a sign-in page of its own.
pub fn kept_back(site: &Site, headers: &HeaderMap, uri: &Uri) -> Option<Link> {
    if uri.path() != "/sign-in" || site.sign_in.is_some() {
        return None;
    }
    let kept = cookie(headers, &site.back_cookie_name())?;
    let kept = percent_decode_str(kept).decode_utf8().ok()?;
    site.way_back(&kept)
}

/// Returns the value of the `Refresh` header with which the sign-in page leads on to the company: where the address has a
/// page to come back to. Without one it was opened for itself, to sign in with a password.
pub fn onward(site: &Site, uri: &Uri) -> Option<HeaderValue> {
    let company = site.sign_in.as_ref().filter(|_| uri.path() == "/sign-in")?;
    let query = uri.query()?.as_bytes();
    let field = |wanted: &str| {
        let mut fields = form_urlencoded::parse(query);
        fields.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    let next = field("next")?;
    if !is_for_others(&next) || field("done").is_some_and(|done| done == LOST) {
        return None;
    }
    let target = company.leading_to(local_path(&next));
    HeaderValue::from_str(&format!("0; url={target}")).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::header::{COOKIE, LOCATION};
    use shared::sign_in_url::SignInUrl;

    use super::*;

    fn site(company: Option<&str>) -> Site {
        Site {
            base_url: "https://keys.example.com".to_owned(),
            sign_in: company.map(|url| SignInUrl::new(url.to_owned())),
            ..Site::default()
        }
    }

    fn led_to(site: &Site, headers: &HeaderMap, here: &str) -> String {
        let response = to_sign_in(site, headers, here);
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        location.unwrap_or_default().to_owned()
    }

    /// A cookie is what a browser sends, so its address is checked again.
    #[test]
    fn the_way_back_is_kept_for_the_sign_in_page() {
        let plain = Site {
            return_hosts: "app.example.com".parse().unwrap_or_default(),
            ..site(None)
        };
        let back = |site: &Site, address: &str, page: &str| {
            let set = back_cookie(site, Some(address), 60);
            let mut headers = HeaderMap::new();
            let pair = set.split(';').next().unwrap_or_default();
            headers.insert(COOKIE, HeaderValue::from_str(pair).ok()?);
            kept_back(site, &headers, &page.parse().ok()?)
        };
        let app = "https://app.example.com/settings?tab=1;2&a=b";
        let link = back(&plain, app, "/sign-in?next=/a");
        let link = link.map(|link| (link.href, link.text));
        let expected = (app.to_owned(), "Back to app.example.com".to_owned());
        assert_eq!(link, Some(expected));
        assert_eq!(back(&plain, app, "/sign-up"), None);
        assert_eq!(back(&plain, "https://evil.example/", "/sign-in"), None);
        assert_eq!(back(&plain, "javascript:alert(1)", "/sign-in"), None);
        let company = Site {
            sign_in: site(Some("https://app.example.com/keys")).sign_in,
            ..plain.clone()
        };
        assert_eq!(back(&company, app, "/sign-in"), None, "it leads there");
        assert!(back_cookie(&plain, None, 60).contains("=; "));
        assert!(back_cookie(&plain, None, 60).contains("Max-Age=0"));
        assert!(back_cookie(&plain, Some(app), 60).contains("Max-Age=604860"));
    }

    /// Proxies reject headers of many kilobytes.
    #[test]
    fn the_return_address_is_short_or_left_out() {
        let without = site(None);
        let own = |here: &str| own(&without, here, None);
        let long = format!("/{}", "-".repeat(1_500));
        assert_eq!(own(&long), format!("/sign-in?next={long}"));
        assert_eq!(own(&"-".repeat(7_000)), "/sign-in");
        assert_eq!(own(&"\u{fc}".repeat(700)), "/sign-in");
        assert_eq!(
            own("/a?q=b c&d=100%+#"),
            "/sign-in?next=/a?q=b%20c%26d=100%25%2B%23"
        );
    }

    #[test]
    fn a_page_of_our_own_leads_to_the_company_by_the_sign_in_page() {
        let site = site(Some("https://app.example.com/keys"));
        let mut headers = HeaderMap::new();
        let away = "https://app.example.com/keys?return_to=/a%3Fb%3D1";
        assert_eq!(led_to(&site, &headers, "/a?b=1"), away);
        headers.insert(SEC_FETCH_SITE, HeaderValue::from_static("same-origin"));
        let lost = led_to(&site, &headers, "/a?b=1");
        assert_eq!(
            lost, "/sign-in?next=/a?b=1&done=lost",
            "after a portal link"
        );
        let page = HeaderValue::from_static("https://keys.example.com/");
        headers.insert(REFERER, page);
        let first = led_to(&site, &headers, "/a?b=1");
        assert_eq!(first, "/sign-in?next=/a?b=1");
        let onward = onward(&site, &first.parse().unwrap_or_default());
        let expected =
            HeaderValue::from_static("0; url=https://app.example.com/keys?return_to=/a%3Fb%3D1");
        assert_eq!(onward, Some(expected));
    }

    #[test]
    fn only_a_page_to_come_back_to_leads_on() {
        let with = site(Some("https://app.example.com/keys"));
        let leads = |site: &Site, address: &str| {
            let value = onward(site, &address.parse().unwrap_or_default())?;
            let value = value.to_str().ok()?;
            value
                .rsplit_once("return_to=")
                .map(|(_, path)| path.to_owned())
        };
        for (address, expected) in [
            ("/sign-in?next=/", Some("/")),
            ("/sign-in?next=%2Fa&done=ended", Some("/a")),
            ("/sign-in?next=//evil.example", Some("/")),
            ("/sign-in?next=https://evil.example", Some("/")),
            ("/sign-in", None),
            ("/sign-in?done=signed-out", None),
            ("/sign-in?next=/a&done=lost", None),
            ("/sign-in?next=/confirm%3Ftoken%3Dt", None),
            ("/sign-up?next=/a", None),
        ] {
            assert_eq!(leads(&with, address).as_deref(), expected, "{address}");
            assert_eq!(leads(&site(None), address), None, "{address}");
        }
    }

    /// The company may send a browser back although it keeps no session, for example because cookies are off.
    #[test]
    fn a_loop_ends_with_a_sentence() {
        let site = site(Some("https://app.example.com/keys"));
        let mut headers = HeaderMap::new();
        for _ in 0..MOST_LED {
            let response = to_sign_in(&site, &headers, "/a");
            let to = response.headers().get(LOCATION);
            let to = to.map(HeaderValue::as_bytes).unwrap_or_default();
            assert!(to.starts_with(b"https://app.example.com/"), "{to:?}");
            let cookie = response.headers().get(SET_COOKIE);
            let cookie = cookie
                .and_then(|cookie| cookie.to_str().ok())
                .unwrap_or_default();
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Ok(pair) = pair.parse() {
                headers.insert(COOKIE, pair);
            }
        }
        assert_eq!(led_to(&site, &headers, "/a"), "/sign-in?next=/a&done=lost");
    }
}

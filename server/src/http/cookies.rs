//! The cookies of a request.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// Returns the first cookie of a name (RFC 6265, section 5.4).
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies(headers)
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Returns names and values. A cookie that is not text is skipped, and the others remain readable.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair.trim_ascii()).ok()?.split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("keyhold_session_old=a; keyhold_session=b"),
        );
        headers.append(COOKIE, HeaderValue::from_static("other=c"));
        assert_eq!(cookie(&headers, "keyhold_session"), Some("b"));
        assert_eq!(cookie(&headers, "other"), Some("c"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn an_unreadable_cookie_hides_no_other() -> Result<(), axum::http::header::InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        let value = b"who=Jos\xe9; session=a\xe9; session=b; who=Jos\xc3\xa9";
        headers.append(COOKIE, HeaderValue::from_bytes(value)?);
        assert_eq!(cookie(&headers, "session"), Some("b"));
        assert_eq!(cookie(&headers, "who"), Some("Jos\u{e9}"));
        Ok(())
    }
}

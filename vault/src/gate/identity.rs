//! The headers that say which key it is.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::status::Status;

use crate::dates::rfc3339;
use crate::verify::Verified;

const ACCESS_KEY: HeaderName = HeaderName::from_static("x-keyhold-access-key");
const ACCOUNT: HeaderName = HeaderName::from_static("x-keyhold-account");
const KEY_NAME: HeaderName = HeaderName::from_static("x-keyhold-key-name");
const EXPIRES_AT: HeaderName = HeaderName::from_static("x-keyhold-expires-at");
/// RFC 8594.
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// RFC 3986, section 2.3: everything but the unreserved characters is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Verified {
    /// Says which key it is in the headers of an answer or of a request to somewhere else. The name is
    /// percent-encoded. `Sunset` (RFC 8594) is there inside the account's warning window.
    pub fn identify(&self, headers: &mut HeaderMap) {
        let mut text = String::with_capacity(64);
        let mut put = |name, write: &dyn Fn(&mut String) -> std::fmt::Result| {
            text.clear();
            if write(&mut text).is_ok()
                && let Ok(value) = HeaderValue::from_str(&text)
            {
                headers.insert(name, value);
            }
        };
        put(ACCESS_KEY, &|text| write!(text, "{}", self.access_key));
        put(ACCOUNT, &|text| text.write_str(&self.account_id));
        put(KEY_NAME, &|text| {
            write!(text, "{}", utf8_percent_encode(&self.name, RESERVED))
        });
        if let Some(at) = self.expires_at {
            put(EXPIRES_AT, &|text| text.write_str(&rfc3339(at)));
            if self.status == Status::ExpiringSoon {
                let since = Duration::from_millis(u64::try_from(at).unwrap_or(0));
                put(SUNSET, &|text| {
                    text.write_str(&httpdate::fmt_http_date(UNIX_EPOCH + since))
                });
            }
        }
    }
}

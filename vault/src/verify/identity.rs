//! The headers that say which key it is.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::status::Status;
use shared::token::AccessKey;

use crate::time::format::rfc3339;
use crate::verify::verdict::Verified;

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
        let Self {
            access_key,
            account_id,
            name,
            expires_at,
            status,
        } = self;
        Identity {
            access_key: *access_key,
            account_id,
            name,
            expires_at: *expires_at,
            status: *status,
        }
        .say(|name, value| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        });
    }
}

/// What the headers say, borrowed from where it is.
pub(super) struct Identity<'a> {
    pub access_key: AccessKey,
    pub account_id: &'a str,
    pub name: &'a str,
    pub expires_at: Option<i64>,
    pub status: Status,
}

impl Identity<'_> {
    /// Gives each header to `say`.
    pub fn say(&self, mut say: impl FnMut(&HeaderName, &[u8])) {
        say(&ACCESS_KEY, &self.access_key.text());
        say(&ACCOUNT, self.account_id.as_bytes());
        let name = Cow::from(utf8_percent_encode(self.name, RESERVED));
        say(&KEY_NAME, name.as_bytes());
        if let Some(at) = self.expires_at {
            say(&EXPIRES_AT, rfc3339(at).as_bytes());
            if self.status == Status::ExpiringSoon {
                let since = Duration::from_millis(u64::try_from(at).unwrap_or(0));
                let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
                say(&SUNSET, date.as_bytes());
            }
        }
    }
}

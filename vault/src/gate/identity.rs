//! The headers that say which key it is.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::status::Status;
use shared::token::AccessKey;

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
        .write(headers);
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
    pub fn write(&self, headers: &mut HeaderMap) {
        let mut values = Values::default();
        values.add(ACCESS_KEY, |text| text.extend(self.access_key.text()));
        values.add(ACCOUNT, |text| text.extend(self.account_id.as_bytes()));
        values.add(KEY_NAME, |text| {
            for part in utf8_percent_encode(self.name, RESERVED) {
                text.extend(part.as_bytes());
            }
        });
        if let Some(at) = self.expires_at {
            values.add(EXPIRES_AT, |text| text.extend(rfc3339(at).as_bytes()));
            if self.status == Status::ExpiringSoon {
                let since = Duration::from_millis(u64::try_from(at).unwrap_or(0));
                let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
                values.add(SUNSET, |text| text.extend(date.as_bytes()));
            }
        }
        values.insert(headers);
    }
}

/// Header values that share one piece of memory.
#[derive(Default)]
struct Values {
    text: Vec<u8>,
    /// Names and where each value ends.
    ends: [Option<(HeaderName, usize)>; 5],
    count: usize,
}

impl Values {
    fn add(&mut self, name: HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
        if self.text.capacity() == 0 {
            self.text.reserve(192);
        }
        write(&mut self.text);
        self.ends[self.count] = Some((name, self.text.len()));
        self.count += 1;
    }

    fn insert(self, headers: &mut HeaderMap) {
        // With room for what goes beside them.
        headers.reserve(self.count + 2);
        let text = Bytes::from(self.text);
        let mut begin = 0;
        for (name, end) in self.ends.into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_maybe_shared(text.slice(begin..end)) {
                headers.insert(name, value);
            }
            begin = end;
        }
    }
}

//! A verified key, and the headers that identify it.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderName;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::status::Status;
use shared::token::AccessKey;

use super::headers::HeaderSink;
use crate::state::directory::ExternalId;
use crate::time::format::rfc3339;

const ACCESS_KEY: HeaderName = HeaderName::from_static("x-keyhold-access-key");
const ACCOUNT: HeaderName = HeaderName::from_static("x-keyhold-account");
const EXTERNAL_ID: HeaderName = HeaderName::from_static("x-keyhold-external-id");
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

/// A good key, which borrows from the directory: it must not be held across an await.
pub type Held<'a> = Verified<&'a str, ExternalId>;

/// A good key: [`Held`] borrows from the directory, `Verified` can be kept.
#[derive(Clone, Debug)]
pub struct Verified<Text = Box<str>, External = Box<str>> {
    pub access_key: AccessKey,
    pub account_id: Text,
    /// The company's own id of the account, if it has one.
    pub external_id: Option<External>,
    pub name: Text,
    /// UTC epoch milliseconds; none: never.
    pub expires_at: Option<i64>,
    /// Active or expiring soon, at the instant of the decision.
    pub status: Status,
}

impl Held<'_> {
    /// Copies the key out of the directory.
    pub fn into_owned(self) -> Verified {
        Verified {
            access_key: self.access_key,
            account_id: self.account_id.into(),
            external_id: self.external_id.map(|id| id.as_ref().into()),
            name: self.name.into(),
            expires_at: self.expires_at,
            status: self.status,
        }
    }
}

impl<Text: AsRef<str>, External: AsRef<str>> Verified<Text, External> {
    /// Writes the headers that identify the key, for a response or for a request to another service. The name and
    /// the external id are percent-encoded. `Sunset` (RFC 8594) is sent inside the account's warning window.
    pub fn identify(&self, headers: &mut impl HeaderSink) {
        headers.put(&ACCESS_KEY, &self.access_key.text());
        headers.put(&ACCOUNT, self.account_id.as_ref().as_bytes());
        if let Some(id) = &self.external_id {
            let id = Cow::from(utf8_percent_encode(id.as_ref(), RESERVED));
            headers.put(&EXTERNAL_ID, id.as_bytes());
        }
        let name = Cow::from(utf8_percent_encode(self.name.as_ref(), RESERVED));
        headers.put(&KEY_NAME, name.as_bytes());
        if let Some(at) = self.expires_at {
            headers.put(&EXPIRES_AT, rfc3339(at).as_bytes());
            if self.status == Status::ExpiringSoon {
                let since = Duration::from_millis(u64::try_from(at).unwrap_or(0));
                let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
                headers.put(&SUNSET, date.as_bytes());
            }
        }
    }
}

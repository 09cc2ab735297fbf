//! Request ids: one name for a request in its response and in the log.

use http::{HeaderName, HeaderValue};
use shared::prefix::Prefix;
use shared::token::find_secret;

use super::headers::Headers;
use crate::state::request_ids::RequestIds;

/// Names the request: with the gateway's id if it sends one, so that its log and ours can be joined.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is accepted from a request, in bytes.
const LONGEST: usize = 64;

/// The name of one request: at most [`LONGEST`] letters, digits and `-._`.
#[derive(Clone, Copy)]
pub struct RequestId {
    text: [u8; LONGEST],
    length: usize,
}

impl RequestId {
    fn new(text: &[u8]) -> Self {
        let length = text.len().min(LONGEST);
        let mut id = Self {
            text: [0; LONGEST],
            length,
        };
        id.text[..length].copy_from_slice(&text[..length]);
        id
    }

    /// Returns the request's own id if it has one that is fit for a log, else the next of `ids`.
    pub(crate) fn of(headers: &impl Headers, ids: &RequestIds) -> Self {
        match headers.first(X_REQUEST_ID) {
            Some(id) if is_plain(id, ids.prefix) => Self::new(id),
            _ => Self::new(&ids.next()),
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        Self::from_bytes(id.as_bytes()).unwrap_or(Self::from_static("unknown"))
    }
}

fn is_plain(id: &[u8], own: Prefix) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
        && find_secret(id, own).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn id_for(sent: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent.and_then(|sent| HeaderValue::from_str(sent).ok()) {
            headers.insert(X_REQUEST_ID, sent);
        }
        let id = RequestId::of(&headers, &RequestIds::new(Prefix::KEYHOLD));
        id.as_str().to_owned()
    }

    #[test]
    fn a_request_id_is_kept_only_if_it_is_safe_in_a_log() {
        let longest = "x".repeat(64);
        for good in ["7f3a-9._Z", "0", &longest] {
            assert_eq!(id_for(Some(good)), good);
        }
        let too_long = "x".repeat(65);
        for bad in ["", "a b", "a\"b", "a=b", "\u{fc}", "x.khs_0", &too_long] {
            let id = id_for(Some(bad));
            assert!(id.len() == 16 && id != bad, "{bad:?} became {id:?}");
        }
        assert_ne!(id_for(None), id_for(None));
    }
}

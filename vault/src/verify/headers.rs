//! Access to headers, independent of the type that stores them. Verification reads five headers of a request, so a
//! server need not build a map of all of them first, nor of those that it writes.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a request.
pub trait Headers {
    /// Returns the values of a header, in the order in which they were sent.
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]>;

    /// Returns the first value of a header.
    fn first(&self, name: HeaderName) -> Option<&[u8]> {
        self.all(name).next()
    }
}

impl Headers for HeaderMap {
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

/// The destination of headers: a map, or the bytes of a message.
pub trait HeaderSink {
    /// Adds a header. The value must not contain control characters.
    fn put(&mut self, name: &HeaderName, value: &[u8]);
}

impl HeaderSink for HeaderMap {
    /// Replaces a header of the same name.
    fn put(&mut self, name: &HeaderName, value: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            self.insert(name, value);
        }
    }
}

//! The headers of a request, wherever they are kept: the gate reads five of them, and whoever serves need not
//! make a map of all of them first.

use http::{HeaderMap, HeaderName, HeaderValue};

/// What the gate reads a request's headers from.
pub trait Headers {
    /// The values of a header, in the order in which they were sent.
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]>;

    /// The first of them.
    fn first(&self, name: HeaderName) -> Option<&[u8]> {
        self.all(name).next()
    }
}

impl Headers for HeaderMap {
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

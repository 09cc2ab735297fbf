//! What the server already fetched for a page travels in its HTML as JSON. It is read by the same reader as
//! the answers of server functions, so that the browser loads one reader and not two.

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::FnError;

/// JSON, read from bytes.
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}

/// What a server function answered, and answers again when what it was asked changes.
pub type Answer<T> = Resource<Result<T, FnError>, Json>;

/// Asks a server function, and again whenever `question` changes.
pub fn ask<T, Q, Asking>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    asking: impl Fn(Q) -> Asking + Send + Sync + 'static,
) -> Answer<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Q: Clone + PartialEq + Send + Sync + 'static,
    Asking: Future<Output = Result<T, FnError>> + Send + 'static,
{
    Resource::new_with_options(question, asking, true)
}

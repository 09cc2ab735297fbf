//! Calls from the pages to the server functions.
//!
//! The browser's half of a server function would bring its own copies of the code that sends, waits and reads. Here
//! all of them share one: a call is the function's fields by name, and the reply stays JSON until the page reads it.
//! While the server renders, and for a form post, the function runs in place.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::secret_json::SecretJson;
use super::shape::Shape;
use crate::error::FnError;
#[cfg(feature = "ssr")]
use crate::server_fns::{context::RequestContext, registry};

/// The fields of a server function, by name.
pub type Fields = Vec<(&'static str, String)>;

/// The answer of a server function, not yet read.
pub type Reply = Result<SecretJson, FnError>;

/// The fields of a form post, as they were sent.
#[cfg(feature = "ssr")]
pub type FormFields = Vec<(String, String)>;

/// A call in progress.
pub type Replying = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// The answer of a server function, fetched again when its fields change.
pub struct Query<T> {
    reply: Resource<Reply, AsJson>,
    loading: Loading,
    shape: PhantomData<fn() -> T>,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Query<T> {}

impl<T: Shape> Query<T> {
    /// Returns the answer, once there is one.
    pub fn get(self) -> Option<Result<T, FnError>> {
        self.reply.get().map(read)
    }

    /// As [`Query::get`], without tracking later answers.
    pub fn get_untracked(self) -> Option<Result<T, FnError>> {
        // A resource's own `get_untracked` tracks nevertheless: under a `Transition` it waits to be ready.
        untrack(|| self.reply.get_untracked()).map(read)
    }

    /// Returns whether an answer is being fetched.
    pub fn is_loading(self) -> bool {
        let (begun, ended) = self.loading.0.get();
        begun != ended
    }

    /// Fetches the answer again.
    pub fn refetch(self) {
        self.reply.refetch();
    }
}

fn read<T: Shape>(reply: Reply) -> Result<T, FnError> {
    reply.and_then(|json| json.read())
}

/// Queries a server function, and again whenever its fields or `revision` change.
pub fn query<F>(
    fields: impl Fn() -> Fields + Send + Sync + 'static,
    revision: Option<RwSignal<u32>>,
) -> Query<F::Output>
where
    F: ServerFn<Error = FnError> + DeserializeOwned,
    F::Output: Serialize,
{
    let loading = Loading(RwSignal::new((0, 0)));
    Query {
        reply: resource(Box::new(fields), revision, loading, answer::<F>),
        loading,
        shape: PhantomData,
    }
}

/// The number of the last call of a query, and of the last one that has ended. The server has no later calls.
#[derive(Clone, Copy)]
struct Loading(RwSignal<(u32, u32)>);

impl Loading {
    #[cfg(feature = "ssr")]
    fn during(self, reply: Replying) -> Replying {
        let _ = self;
        reply
    }

    /// The page of the query may be gone by the end of the call.
    #[cfg(not(feature = "ssr"))]
    fn during(self, reply: Replying) -> Replying {
        let call = self.0.try_update(|(begun, _)| {
            *begun += 1;
            *begun
        });
        Box::pin(async move {
            let reply = reply.await;
            if let Some(call) = call {
                self.0.try_update(|(_, ended)| *ended = call.max(*ended));
            }
            reply
        })
    }
}

fn resource(
    fields: Box<dyn Fn() -> Fields + Send + Sync>,
    revision: Option<RwSignal<u32>>,
    loading: Loading,
    answer: fn(Fields) -> Replying,
) -> Resource<Reply, AsJson> {
    let source = move || (fields(), revision.map(|revision| revision.get()));
    let fetch = move |(fields, _)| loading.during(answer(fields));
    Resource::new_with_options(source, fetch, true)
}

#[cfg(feature = "ssr")]
fn answer<F>(fields: Fields) -> Replying
where
    F: ServerFn<Error = FnError> + DeserializeOwned,
    F::Output: Serialize,
{
    debug_assert!(
        fields.iter().all(|(name, _)| {
            serde_aux::serde_introspection::serde_introspect::<F>().contains(name)
        }),
        "{} has no such field",
        F::PATH
    );
    let fields = fields.into_iter();
    run::<F>(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Runs a server function in place, with fields that it has, each at most once.
#[cfg(feature = "ssr")]
pub fn run<F>(fields: FormFields) -> Replying
where
    F: ServerFn<Error = FnError> + DeserializeOwned,
    F::Output: Serialize,
{
    Box::pin(async move {
        registry::admit(F::PATH, &RequestContext::current())?;
        let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
        let inside = |error: serde_json::Error| {
            tracing::error!(%error, path = F::PATH, "a call cannot be read, or its answer cannot be written");
            FnError::inside()
        };
        let arguments: F =
            serde_json::from_value(serde_json::Value::Object(fields.collect())).map_err(inside)?;
        let output = arguments.run_body().await?;
        serde_json::to_string(&output)
            .map(SecretJson)
            .map_err(inside)
    })
}

#[cfg(not(feature = "ssr"))]
fn answer<F: ServerFn>(fields: Fields) -> Replying {
    Box::pin(send_wrapper::SendWrapper::new(call(F::PATH, fields)))
}

/// Calls a server function from the browser.
pub async fn call(path: &'static str, fields: Fields) -> Reply {
    // Fails only for arguments that are neither strings nor a form.
    let Ok(body) = web_sys::UrlSearchParams::new() else {
        return Err(FnError::inside());
    };
    for (name, value) in fields {
        body.append(name, &value);
    }
    send(path, body).await
}

/// Sends the fields of a form to the server function at `path`.
pub async fn send(path: &str, body: web_sys::UrlSearchParams) -> Reply {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&body);
    match fetch(path, &init).await {
        Ok((true, json)) => Ok(SecretJson(json)),
        Ok((false, json)) => Err(SecretJson(json).read().unwrap_or_else(|error| error)),
        Err(_) => Err(FnError::offline()),
    }
}

/// Returns whether the status is 2xx, and the body.
async fn fetch(
    path: &str,
    init: &web_sys::RequestInit,
) -> Result<(bool, String), wasm_bindgen::JsValue> {
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;
    let response = JsFuture::from(window().fetch_with_str_and_init(path, init)).await?;
    let response: web_sys::Response = response.unchecked_into();
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}

/// The encoding of a reply in the page's HTML: the answer as it is, or the error after a mark that no JSON begins
/// with.
pub struct AsJson;

const FAILED: char = '!';

impl Encoder<Reply> for AsJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(reply: &Reply) -> Result<String, Self::Error> {
        match reply {
            // HTML is in the page already. No other answer begins so.
            Ok(SecretJson(html)) if html.starts_with("\"<") => Ok("\"\"".to_owned()),
            Ok(json) => Ok(json.0.clone()),
            Err(error) => Ok(format!("{FAILED}{}", serde_json::to_string(error)?)),
        }
    }
}

impl Decoder<Reply> for AsJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(text: &str) -> Result<Reply, Self::Error> {
        let json = |text: &str| SecretJson(text.to_owned());
        Ok(match text.strip_prefix(FAILED) {
            Some(error) => Err(json(error).read().unwrap_or_else(|error| error)),
            None => Ok(json(text)),
        })
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn over_the_page(reply: &Reply) -> Result<String, FnError> {
        let text = AsJson::encode(reply).expect("an answer can be written");
        let Ok(reply) = AsJson::decode(&text);
        reply.map(|json| json.0)
    }

    #[test]
    fn an_answer_stays_as_it_is() {
        assert_eq!(
            over_the_page(&Ok(SecretJson(r#""<p>once</p>""#.to_owned()))),
            Ok(r#""""#.to_owned())
        );
        for json in ["null", r#"{"name":"!\u0021"}"#, r#""!""#, "[]"] {
            assert_eq!(
                over_the_page(&Ok(SecretJson(json.to_owned()))),
                Ok(json.to_owned())
            );
        }
    }

    /// The page of a proxy instead of Keyhold's, for example.
    #[test]
    fn an_error_that_cannot_be_read_is_an_internal_fault() {
        for text in ["!", "!{", "!null", r#"!{"message":"m"}"#] {
            let Ok(reply) = AsJson::decode(text);
            assert_eq!(reply.map(|json| json.0), Err(FnError::inside()), "{text}");
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(500))]

        /// The browser takes over the page with the error that the server rendered.
        #[test]
        fn an_error_arrives_whole(
            code in any::<String>(),
            message in any::<String>(),
            fields in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
            retry_after: Option<u64>,
            version: Option<String>,
        ) {
            let code = code.into();
            let error = FnError { code, message, fields, retry_after, version };
            prop_assert_eq!(over_the_page(&Err(error.clone())), Err(error));
        }
    }
}

//! The OpenAPI document of the management API.

use std::sync::LazyLock;

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi, RefOr, Schema};
use utoipa::{Modify, OpenApi as _};

use super::problem::ProblemBody;

/// The name of the security scheme.
const TOKEN: &str = "operator_token";

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| {
    let mut document = super::operations().into_openapi();
    for item in document.paths.paths.values_mut() {
        let body = item
            .post
            .as_mut()
            .and_then(|post| post.request_body.as_mut());
        let Some(RefOr::T(body)) = body else {
            continue;
        };
        for content in body.content.values_mut() {
            if let RefOr::T(content) = content {
                content.schema = content.schema.take().map(not_null);
            }
        }
    }
    document
});

/// Returns the schema of a body that may be left out, which does not make it null.
fn not_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(choices)) => {
            let named = |choice: &RefOr<Schema>| matches!(choice, RefOr::Ref(_));
            let record = choices.items.iter().find(|choice| named(choice)).cloned();
            record.unwrap_or(RefOr::T(Schema::OneOf(choices)))
        }
        other => other,
    }
}

/// The document without the operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Keyhold management API",
        version = "1",
        description = "Accounts, keys and tokens, for the company's own programs. Times are RFC 3339. Errors are RFC 9457 problems. \
                       A list has `limit` and `after`; its answer has `next`, and a `Link` to the next page. Each POST may carry an \
                       `Idempotency-Key`, each change of one account or key an `If-Match`, each GET of one an `If-None-Match`. \
                       Nothing else has an `ETag`, so its changes refuse every `If-Match` but `*` with 412. A member is null \
                       only where its type says so: null for another is 422, as leaving it out may mean something else.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/admin/v1")),
    tags(
        (name = "accounts", description = "The accounts of your customers, under your own ids."),
        (name = "keys", description = "Their API keys."),
        (name = "portal", description = "Links that bring your signed-in customers to their pages."),
        (name = "tokens", description = "Tokens of operators, for this API."),
        (name = "audit", description = "Who did what.")
    ),
    components(schemas(ProblemBody)),
    modifiers(&Security)
)]
struct Outline;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("An operator's token, `kho_…`.".to_owned());
        components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
}

pub fn outline() -> OpenApi {
    Outline::openapi()
}

/// Returns the whole document.
pub fn document() -> &'static OpenApi {
    &DOCUMENT
}

/// Answers with the document.
pub async fn openapi() -> Json<&'static OpenApi> {
    Json(document())
}

//! `GET /preferences/api-control/export.csv` and `export.json`: the keys of the table as a file. No secret is in it,
//! because Keyhold has none.
//!
//! The file is written while it is sent, batch by batch. If the database fails meanwhile, the connection is cut, so that no
//! program takes a part for the whole.

use std::io;

use app::server_fns::context::RequestContext;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Response, Uri};
use axum::response::{IntoResponse, Redirect};
use futures_util::stream;
use serde_json::json;
use shared::list::ListQuery;
use vault::{Export, ExportedKey, rfc3339};

use super::pages::{need, without_secret};
use super::way_back;
use crate::http::fn_error::json_error;
use crate::state::AppState;

/// The columns, in the order of [`cells`].
const COLUMNS: [&str; 7] = [
    "access_key",
    "name",
    "description",
    "status",
    "created_at",
    "expires_at",
    "last_used_at",
];

/// The formats of the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }

    fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"api-keys.csv\"",
            Self::Json => "attachment; filename=\"api-keys.json\"",
        }
    }

    fn head(self) -> String {
        match self {
            Self::Csv => COLUMNS.join(",") + "\r\n",
            Self::Json => "[".to_owned(),
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Csv => "",
            Self::Json => "\n]\n",
        }
    }

    /// Adds a key to the file.
    fn add(self, file: &mut String, key: &ExportedKey, is_first: bool) {
        match self {
            Self::Csv => {
                let cells = cells(key).map(|cell| csv(&cell));
                file.push_str(&cells.join(","));
                file.push_str("\r\n");
            }
            Self::Json => {
                file.push_str(if is_first { "\n" } else { ",\n" });
                file.push_str(&object(key));
            }
        }
    }
}

/// Answers with the CSV file.
pub async fn csv_file(
    State(state): State<AppState>,
    Extension(context): Extension<RequestContext>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    export(&state, &context, &uri, &headers, Format::Csv).await
}

/// Answers with the JSON file.
pub async fn json_file(
    State(state): State<AppState>,
    Extension(context): Extension<RequestContext>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    export(&state, &context, &uri, &headers, Format::Json).await
}

async fn export(
    state: &AppState,
    context: &RequestContext,
    uri: &Uri,
    headers: &HeaderMap,
    format: Format,
) -> Response<Body> {
    let Some(session) = &context.session else {
        // The file itself would be downloaded after signing in, and the page stay.
        return way_back::to_sign_in(&state.site, headers, "/preferences/api-control");
    };
    if let Err(error) = context.may(need(uri.path())) {
        return json_error(&error);
    }
    if let Some(clean) = without_secret(uri, state.vault.key_prefix()) {
        return Redirect::to(&clean).into_response();
    }
    let (selected, query) = asked(uri.query().unwrap_or_default());
    // The request's patience would end before a long export does.
    match state
        .vault
        .export(&session.account, &selected, &query)
        .await
    {
        Ok(export) => {
            let headers = [
                (CONTENT_TYPE, format.kind()),
                (CONTENT_DISPOSITION, format.disposition()),
                (CACHE_CONTROL, "no-store"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, body(export, format)).into_response()
        }
        Err(error) => json_error(&error.into()),
    }
}

/// Reads the parameters: those of the table, and the selected keys, as `keys` separated by blanks or as repeated `key` of
/// the form. Without any, or with `all`, the keys that the table's filters match.
fn asked(query: &str) -> (String, ListQuery) {
    let fields = || form_urlencoded::parse(query.as_bytes());
    let field = |wanted: &str| {
        fields()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let named: Vec<String> = fields()
        .filter(|(name, _)| name == "key" || name == "keys")
        .map(|(_, value)| value.into_owned())
        .collect();
    let named = named.join(" ");
    let all = named.trim().is_empty() || !field("all").is_empty();
    let query = ListQuery::parse(&field("q"), &field("status"), &field("show"), "", "");
    (if all { "all".to_owned() } else { named }, query)
}

/// Returns the file, one batch of keys after the other.
fn body(export: Export, format: Format) -> Body {
    let pieces = stream::try_unfold(Some((export, true)), move |state| async move {
        let Some((mut export, is_first)) = state else {
            return Ok::<_, io::Error>(None);
        };
        let mut file = if is_first {
            format.head()
        } else {
            String::new()
        };
        let keys = export.next().await.map_err(|error| {
            if error.is_news() {
                tracing::error!(%error, "an export cannot go on");
            }
            io::Error::other(error)
        })?;
        let Some(keys) = keys else {
            file.push_str(format.end());
            return Ok(Some((file, None)));
        };
        for (place, key) in keys.iter().enumerate() {
            format.add(&mut file, key, is_first && place == 0);
        }
        Ok(Some((file, Some((export, false)))))
    });
    Body::from_stream(pieces)
}

/// Returns the texts of a key. An instant that there is none of is empty.
fn cells(key: &ExportedKey) -> [String; 7] {
    let instant = |at: Option<i64>| at.map(rfc3339).unwrap_or_default();
    [
        key.access_key.clone(),
        key.name.clone(),
        key.description.clone(),
        key.status.slug().to_owned(),
        rfc3339(key.created_at),
        instant(key.expires_at),
        instant(key.used_at),
    ]
}

/// Returns a key as a JSON object.
fn object(key: &ExportedKey) -> String {
    json!({
        "access_key": key.access_key,
        "name": key.name,
        "description": key.description,
        "status": key.status.slug(),
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at.map(rfc3339),
        "last_used_at": key.used_at.map(rfc3339),
    })
    .to_string()
}

/// Returns a field of a CSV file (RFC 4180). A text that a spreadsheet would compute begins with an apostrophe:
/// <https://owasp.org/www-community/attacks/CSV_Injection>.
fn csv(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        for (text, field) in [
            ("billing", "billing"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(csv(text), field, "{text:?}");
        }
    }

    #[test]
    fn the_selection_is_read_from_the_link_and_from_the_form() {
        let selected = |query| asked(query).0;
        assert_eq!(selected("keys=kh_a%20kh_b&q=x"), "kh_a kh_b");
        assert_eq!(selected("key=kh_a&expiry=&key=kh_b"), "kh_a kh_b");
        assert_eq!(selected("key=kh_a&all=true"), "all");
        assert_eq!(selected("q=billing&keys="), "all");
        assert_eq!(asked("q=billing&status=expired").1.search, "billing");
    }
}

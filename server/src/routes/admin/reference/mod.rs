//! The API reference, `/admin/reference`: a page for people, made from the OpenAPI document when it is asked for, so that it says
//! what the API does. It needs no token, no script and, where the management API has a listener of its own, none of the site's
//! files: its style is served beside it.

mod examples;
mod guide;
mod operation;
mod schema;

use std::sync::LazyLock;

use app::server_fns::cookies::THEME_COOKIE;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::{Html, IntoResponse};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;
use shared::theme::Theme;

use self::operation::Operation;
use super::document;
use crate::http::cookies::cookie;
use crate::state::AppState;

/// The parts of the site's style that the page uses, and its own.
const STYLE: &str = concat!(
    include_str!("../../../../../style/tokens.css"),
    include_str!("../../../../../style/elements/base.css"),
    include_str!("../../../../../style/elements/type.css"),
    include_str!("../../../../../style/components/skip.css"),
    include_str!("../../../../../style/components/code.css"),
    include_str!("../../../../../style/pages/developers.css"),
    include_str!("../../../../../style/reference.css"),
);
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(document::document()).unwrap_or_default());

/// A group of operations.
struct Group<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<Operation<'a>>,
}

/// Answers with the page.
pub async fn page(State(state): State<AppState>, headers: HeaderMap) -> Response<Body> {
    let theme = cookie(&headers, THEME_COOKIE).map_or(Theme::System, Theme::from_cookie);
    let mut response = Html(render(&state, theme).into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Answers with its style.
pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

fn render(state: &AppState, theme: Theme) -> Markup {
    let groups = DOCUMENT["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| {
            let name = tag["name"].as_str().unwrap_or_default();
            Group {
                name,
                description: tag["description"].as_str().unwrap_or_default(),
                operations: operation::of_tag(&DOCUMENT, name),
            }
        });
    let groups: Vec<_> = groups.collect();
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "API reference · Keyhold" }
                // A listener of its own has no other files.
                @if !state.site.admin_apart { link rel="icon" href="/favicon.svg" type="image/svg+xml"; }
                link rel="stylesheet" href="/admin/reference.css";
            }
            body.reference {
                a.skip href="#main" { "Skip to content" }
                header { a.brand href=(format!("{}/", state.site.base_url)) { "Keyhold" } }
                div.guide {
                    (contents(&groups))
                    main.prose #main {
                        (guide::guide(state, &groups))
                        @for group in &groups { (section(group)) }
                        (objects(&groups))
                    }
                }
            }
        }
    }
}

fn contents(groups: &[Group<'_>]) -> Markup {
    html! {
        nav.contents aria-label="On this page" {
            ul {
                @for (id, title) in guide::SECTIONS { li { a href=(["#", id].concat()) { (title) } } }
            }
            @for group in groups {
                h2 { a href=(["#", group.name].concat()) { (capital(group.name)) } }
                ul {
                    @for operation in &group.operations {
                        li { a href=(["#", &operation.id()].concat()) { (operation.title()) } }
                    }
                }
            }
            h2 { a href="#objects" { "Objects" } }
        }
    }
}

fn section(group: &Group<'_>) -> Markup {
    html! {
        section.group aria-labelledby=(group.name) {
            h2 #(group.name) { (capital(group.name)) }
            p { (prose(group.description)) }
            @for operation in &group.operations { (operation.show()) }
        }
    }
}

/// The objects that answers are made of.
fn objects(groups: &[Group<'_>]) -> Markup {
    let operations = groups.iter().flat_map(|group| &group.operations);
    let bodies: Vec<_> = operations
        .filter_map(|operation| operation.body_name())
        .collect();
    let schemas = schema::Schemas {
        all: &DOCUMENT["components"]["schemas"],
        id: "",
    };
    html! {
        section.group aria-labelledby="objects" {
            h2 #objects { "Objects" }
            @for (name, schema) in schemas.objects().filter(|(name, _)| !bodies.contains(name)) {
                @let id = format!("object-{name}");
                section.operation aria-labelledby=(id) {
                    h3 #(id) { (name) }
                    p { (prose(schema["description"].as_str().unwrap_or_default())) }
                    (operation::rows(schemas, schemas.members(schema)))
                }
            }
        }
    }
}

/// Text of the document, with its `code`.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A block of code.
fn example(text: &str) -> Markup {
    html! { div.example.broken { pre { code { (text) } } } }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

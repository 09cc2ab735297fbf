//! The rules that all operations share, before the operations themselves.

use maud::{Markup, html};
use serde_json::json;
use vault::operators::scope::Scope;

use super::{Group, example, operation, prose};
use crate::routes::admin::code::Code;
use crate::routes::admin::problem::kind;
use crate::state::AppState;

/// The sections, for the list of contents.
pub const SECTIONS: [(&str, &str); 6] = [
    ("authentication", "Authentication"),
    ("requests", "Requests and answers"),
    ("lists", "Lists"),
    ("repeating", "Send a request twice"),
    ("versions", "Change what you have read"),
    ("errors", "Errors"),
];

pub fn guide(state: &AppState, groups: &[Group<'_>]) -> Markup {
    let base = &state.site.base_url;
    let url = if state.site.admin_apart {
        "http://127.0.0.1:3001   # the address of KEYHOLD_ADMIN_LISTEN"
    } else {
        base
    };
    let [authentication, requests, lists, repeating, versions, errors] = SECTIONS;
    html! {
        section {
            h1 { "API reference" }
            p.lead {
                "The management API is for your own programs: they create the accounts of your customers under your own ids, create and expire \
                 keys, and read who did what. Every address begins with " code { "/admin/v1" } ". The same as an OpenAPI 3.1 document: "
                a href="/admin/v1/openapi.json" { "openapi.json" } "."
            }
        }
        (section(authentication, &html! {
            p { (prose("Send an operator's token, `kho_…`, as a Bearer token. The first one, with all scopes, is made at the first start in the file `operator-token` beside the pepper (`KEYHOLD_OPERATOR_TOKEN_FILE`). Create one for each program with the scopes that it needs. Every token expires within 366 days.")) }
            (example(&format!("export KEYHOLD_URL={url}\nexport KEYHOLD_TOKEN=$(cat data/operator-token)\ncurl \"$KEYHOLD_URL/admin/v1/accounts\" -H \"Authorization: Bearer $KEYHOLD_TOKEN\"")))
            p { "The examples on this page use these two variables. A token's scopes:" }
            dl.members { @for scope in Scope::ALL { (self::scope(scope, groups)) } }
            p { "A customer's key opens nothing here, and an operator's token is no key for your API." }
        }))
        (section(requests, &html! {
            p { (prose("Bodies are JSON of at most 64 KiB, sent with `Content-Type: application/json`. Members and parameters that this page does not have are refused, because a misspelt one would be ignored in silence, and so is null where a member's type does not have it: leave the member out instead. Times are RFC 3339 in UTC. Wherever an account's id works, `ext:` and its external id does too: `ext:org_42`.")) }
            p { (prose("An expiration, `expiry`, is `never`, a duration such as `90d`, a date (its end in the account's time zone), a date and time there, or an instant in RFC 3339.")) }
        }))
        (section(lists, &html! {
            p { (prose("A list answers with `data` and `next`. Take `limit` entries at a time, 1 to 200, and send `next` as `after` to get the following page; on the last page it is null. The same address is in the header `Link` with `rel=\"next\"`. While entries come and go, a walk through the pages meets each of the others exactly once.")) }
            (example("curl -i \"$KEYHOLD_URL/admin/v1/keys?status=expiring_soon&limit=200\" -H \"Authorization: Bearer $KEYHOLD_TOKEN\""))
        }))
        (section(repeating, &html! {
            p { (prose("Each POST may have an `Idempotency-Key`: 1 to 255 visible ASCII characters, a new one for each intended change. If the answer got lost, send the same request with the same key: for 24 hours it is answered as the first time, with `Idempotency-Replayed: true`, and changes nothing again. That holds for a new key's secret too. The same key with another body is refused with `idempotency_key_reused`, and while the first request is still running with `idempotency_key_in_use`.")) }
        }))
        (section(versions, &html! {
            p { (prose("An account and a key come with an `ETag`. Send it as `If-Match` with a change of it, a POST too, and the change is made only if nothing that can be edited has changed since you read it; otherwise the answer is `precondition_failed`. Without `If-Match`, the last change wins. Nothing else has an `ETag`, so a change of it with any `If-Match` but `*` is refused as well. Send it as `If-None-Match` with a GET, and the answer is 304 without a body while nothing at all has changed, the last use of a key included.")) }
        }))
        (section(errors, &html! {
            p { (prose("Every refusal is a problem (RFC 9457), `application/problem+json`, and has changed nothing unless its `detail` says otherwise. `code` never changes; `detail` is for people. `errors` names each wrong member by a JSON Pointer, and `type` leads to the row of the code here.")) }
            (example(&problem(state)))
            dl.members.codes { @for code in Code::ALL { (row(*code)) } }
        }))
    }
}

fn section((id, title): (&str, &str), content: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 #(id) { (title) }
            (content)
        }
    }
}

/// A scope, and the operations that need it.
fn scope(scope: Scope, groups: &[Group<'_>]) -> Markup {
    let operations = groups.iter().flat_map(|group| &group.operations);
    let mut operations = operations
        .filter(|operation| operation.scope() == scope.slug())
        .peekable();
    html! {
        div {
            dt { code { (scope.slug()) } }
            dd {
                @if operations.peek().is_none() { "No operation needs it yet." }
                @for (at, operation) in operations.enumerate() {
                    @if at > 0 { ", " }
                    a href=(["#", &operation::Operation::id(*operation)].concat()) { (operation.title()) }
                }
            }
        }
    }
}

fn row(code: Code) -> Markup {
    html! {
        div #(code.slug()) {
            dt { code { (code.slug()) } " " span.kind { (code.status().as_u16()) } }
            dd { (code.title()) ". " (prose(code.advice())) }
        }
    }
}

fn problem(state: &AppState) -> String {
    let problem = json!({
        "type": kind(&state.site, Code::Invalid),
        "title": Code::Invalid.title(),
        "status": 422,
        "detail": "See errors for what is wrong with which member.",
        "code": "invalid",
        "request_id": "4be1d0c39f2a",
        "errors": [{"pointer": "/name", "code": "missing", "detail": "This member is required."}],
    });
    serde_json::to_string_pretty(&problem).unwrap_or_default()
}

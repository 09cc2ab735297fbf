//! What a refused request is answered with, and what to do about it.

use leptos::prelude::*;
use shared::problem::Code;

use super::{example, section as part};

const PROBLEM: &str = r#"HTTP/1.1 401 Unauthorized
Content-Type: application/problem+json

{
  "type": "https://…/developers#key_expired",
  "title": "The API key has expired",
  "status": 401,
  "detail": "The credentials are right, but the key has expired. …",
  "code": "key_expired",
  "request_id": "…",
  "expired_at": "2026-11-30T12:00:00Z",
  "restore_url": "https://…"
}"#;

/// The next thing to do after a rejection.
fn remedy(code: Code) -> &'static str {
    match code {
        Code::CredentialsMissing => {
            "Send the access key and the secret key with every request, in one of the ways above."
        }
        Code::CredentialsMalformed => {
            "Check that both halves were copied whole, and that the request has only one of the three headers. With two, the status is 400."
        }
        Code::KeyInvalid => {
            "Check that the two halves belong together, and that the key is still in API Control. Trying again doesn't help."
        }
        Code::KeyExpired => {
            "Open the address in restore_url, choose a new expiration, and send the request again. The same credentials work."
        }
        Code::AccountSuspended => {
            "The keys of the account are refused until it's no longer suspended. Ask for help at the address in support_url."
        }
        Code::Forbidden => "The key is good, but it isn't meant for this. Use another key.",
        Code::BadRequest => {
            "The detail says which parameter, and what it can be. Correct it: the same request fails again."
        }
        Code::NotFound => "Check the path of the address for typos.",
        Code::MethodNotAllowed => "Send the request with GET. The endpoints below only read.",
        Code::RateLimited => "Wait as many seconds as Retry-After says, then try again.",
        Code::Unavailable => {
            "Nothing is wrong with your key: it can't be checked right now. Wait as many seconds as Retry-After says, then try again."
        }
    }
}

pub(super) fn section() -> AnyView {
    part(
        "errors",
        view! {
            <p>
                "A refused request is answered with a problem in JSON (RFC 9457). Let your program decide by "
                <code>"code"</code> ", which never changes; " <code>"title"</code> " and " <code>"detail"</code>
                " are for people. If you ask for help, give the " <code>"request_id"</code> "."
            </p>
            {example("problem", PROBLEM.to_owned())}
            {table()}
        },
    )
}

/// The table of codes. The address of a row is the `type` of the problem.
fn table() -> AnyView {
    let row = |code: Code| {
        view! {
            <tr id=code.slug()>
                <th scope="row">
                    <code>{code.slug()}</code>
                </th>
                <td>{code.http_status()}</td>
                <td>
                    <strong>{format!("{}.", code.title())}</strong>
                    " "
                    {remedy(code)}
                </td>
            </tr>
        }
    };
    view! {
        <table class="plain codes">
            <thead>
                <tr>
                    <th scope="col">"Code"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col">"What happened, and what to do"</th>
                </tr>
            </thead>
            <tbody>{Code::ALL.map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;

    use super::*;

    /// Every code that a problem can carry has its row, which the problem's `type` leads to.
    #[test]
    fn every_code_has_a_row() {
        let html = Owner::new().with(|| table().to_html());
        for code in Code::ALL {
            let slug = code.slug();
            assert!(html.contains(&format!("id=\"{slug}\"")), "{slug}");
            assert!(
                !remedy(code).is_empty() && remedy(code).ends_with('.'),
                "{slug}"
            );
        }
    }
}

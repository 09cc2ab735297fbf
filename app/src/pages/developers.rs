//! Developers: how a program calls the API with a key, for the account's own programs. The examples carry its access key.

mod errors;
mod samples;
mod try_key;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::prefix::Prefix;
use shared::status::Status;
use shared::view::KeyView;

use crate::client::call::query;
use crate::keys::key_actions::{LIST, NEW_KEY};
use crate::server_fns::context::RequestContext;
use crate::server_fns::keys::{CreateKey, ListKeys};
use crate::server_fns::notices::ShowNotices;
use crate::site::Site;
use crate::ui::answer::answered;
use crate::ui::copy::CopyButton;
use crate::ui::head::PageHead;
use crate::ui::standing::{allows, offers};

/// Returns the variable that examples read the secret from: no page knows a real one. A new key's `.env` file has the same
/// name.
fn secret() -> String {
    RequestContext::current().site.brand.variable() + "_SECRET_KEY"
}

/// Returns the prefix of new keys.
fn prefix() -> Prefix {
    RequestContext::current().vault.key_prefix()
}

/// The sections, as the list of contents names them.
const CONTENTS: [(&str, &str); 6] = [
    ("call", "Make a call"),
    ("send", "Ways to send a key"),
    ("try", "Try a key"),
    ("errors", "Errors"),
    ("expired", "When a key expires"),
    ("keys", "Keys as JSON"),
];

#[component]
pub fn DevelopersPage() -> impl IntoView {
    let docs = RequestContext::current().site.docs_url.clone();
    let action = docs.map(|url| {
        view! {
            <a class="button primary" href=url rel="external">
                "API documentation"
            </a>
        }
        .into_any()
    });
    // The newest first.
    let page = if allows(ListKeys::PATH) {
        let keys = query::<ListKeys>(Vec::new, None);
        answered(keys, |page| content(&page.keys))
    } else {
        content(&[])
    };
    let head = match action {
        Some(action) => view! { <PageHead title="Developers" action=action /> }.into_any(),
        None => view! { <PageHead title="Developers" /> }.into_any(),
    };
    view! {
        {head}
        {page}
    }
    .into_any()
}

/// The newest key that works, or else the newest.
fn example_key(keys: &[KeyView]) -> Option<&KeyView> {
    let works = |key: &&KeyView| key.status != Status::Expired;
    keys.iter().find(works).or(keys.first())
}

fn content(keys: &[KeyView]) -> AnyView {
    let site = RequestContext::current().site;
    let own = example_key(keys);
    let made_up = format!("{}0000000000000000", prefix().access());
    let access_key = own.map_or(made_up.as_str(), |key| key.access_key.as_str());
    view! {
        <div class="guide">
            {contents()}
            <article class="prose">
                <p class="lead">
                    "Your programs call the API with a key: an access key, which is public, and a secret key, which isn't. Give each program a key of its own, so that you can expire one without touching the others."
                </p>
                {call(&site, access_key, own.map(|key| key.name.clone()))} {ways(access_key)}
                {try_key::section(&site.base_url, access_key)} {errors::section()}
                {expired()} {keys_as_json(&site.base_url, access_key)}
            </article>
        </div>
    }
    .into_any()
}

fn contents() -> AnyView {
    let link = |(id, title): (&str, &'static str)| {
        view! {
            <li>
                <a href=format!("#{id}")>{title}</a>
            </li>
        }
    };
    view! {
        <nav class="contents" aria-labelledby="contents-title">
            <h2 id="contents-title">"On this page"</h2>
            <ul>{CONTENTS.map(link).collect_view()}</ul>
        </nav>
    }
    .into_any()
}

/// A section with an address of its own.
fn section(id: &'static str, body: impl IntoView + 'static) -> AnyView {
    let title = CONTENTS.iter().find(|(one, _)| *one == id);
    let title = title.map_or("", |(_, title)| *title);
    view! {
        <section id=id aria-labelledby=format!("{id}-title")>
            <h2 id=format!("{id}-title")>{title}</h2>
            {body.into_any()}
        </section>
    }
    .into_any()
}

fn example(what: &'static str, text: String) -> AnyView {
    view! {
        <div class="example">
            <pre tabindex="0">
                <code>{text.clone()}</code>
            </pre>
            <CopyButton text=text what=what compact=true />
        </div>
    }
    .into_any()
}

fn call(site: &Site, access_key: &str, name: Option<String>) -> AnyView {
    let own = site.api_url.is_none();
    let base = site.api_url.clone();
    let base = base.unwrap_or_else(|| format!("{}/v1", site.base_url));
    let address = if own {
        format!("{base}/account")
    } else {
        base.clone()
    };
    let add = if own {
        view! {
            <p>
                "The examples ask for your account, at " <code>"/account"</code> "."
            </p>
        }
        .into_any()
    } else {
        view! {
            <p>"In the examples, add the path of the endpoint that you call."</p>
        }
        .into_any()
    };
    let another = offers(CreateKey::PATH).then(|| {
        view! {
            " If you didn't save it, "
            <a href=NEW_KEY>"create another key"</a>
            "."
        }
    });
    let own = (offers(CreateKey::PATH) && allows(ListKeys::PATH)).then(|| {
        view! {
            <a href=NEW_KEY>"Create a key"</a>
            " to see your own. "
        }
    });
    let whose = match name {
        Some(name) => view! {
            <p>
                "The access key of " <bdi class="quoted">{name}</bdi>
                " is filled into the examples. They read its secret key from the environment, because a secret key doesn't belong in code. It was shown once, when the key was created."
                {another}
            </p>
        }
        .into_any(),
        None => {
            let why = if allows(ListKeys::PATH) {
                "You have no key yet, so the examples carry a made-up one. "
            } else {
                "Your access here does not include seeing keys, so the examples carry a made-up one. "
            };
            view! {
                <p>
                    {why} {own}
                    "They read its secret key from the environment, because a secret key doesn't belong in code."
                </p>
            }
        }
        .into_any(),
    };
    section(
        "call",
        view! {
            <h3>"Base URL"</h3>
            {example("base URL", base)}
            {add}
            <h3>"Secret key"</h3>
            {whose}
            {example("variable", format!("export {}='{}…'", secret(), prefix().secret()))}
            <h3>"Example"</h3>
            {samples::tabs(&address, access_key)}
        },
    )
}

fn ways(access_key: &str) -> AnyView {
    let pair = format!("{access_key}.{}…", prefix().secret());
    let row = |name: &'static str, header: String, how: &'static str| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>
                    <code>{header}</code>
                    <p>{how}</p>
                </td>
            </tr>
        }
    };
    section(
        "send",
        view! {
            <p>"Send both halves with every request, in one of three headers. A request with two of them gets 400."</p>
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Way"</th>
                        <th scope="col">"Header"</th>
                    </tr>
                </thead>
                <tbody>
                    {row(
                        "HTTP Basic",
                        "Authorization: Basic …".to_owned(),
                        "The access key is the user name and the secret key the password. Every HTTP client can do this.",
                    )}
                    {row("Bearer token", format!("Authorization: Bearer {pair}"), "Both halves, joined by a dot.")}
                    {row(
                        "API key header",
                        format!("X-API-Key: {pair}"),
                        "The same value, for when the Authorization header is already taken.",
                    )}
                </tbody>
            </table>
        },
    )
}

fn expired() -> AnyView {
    let list = if allows(ListKeys::PATH) {
        view! { <a href=format!("{LIST}?status=expired")>"API Control"</a> }.into_any()
    } else {
        "API Control".into_any()
    };
    let notices = if allows(ShowNotices::PATH) {
        view! { <a href="/preferences/notices" rel="external">"email you"</a> }.into_any()
    } else {
        "email you".into_any()
    };
    section(
        "expired",
        view! {
            <p>
                "From that moment on, every request with the key gets 401 and the code " <code>"key_expired"</code>
                ". " <code>"expired_at"</code> " says when it expired, and " <code>"restore_url"</code>
                " leads to the page that fixes it. Only a program with the right secret key sees this."
            </p>
            <p>
                "Choose a new expiration there, or in " {list} ", and the same credentials work again. You don't need to deploy anything."
            </p>
            <p>
                "To act before it happens, read the " <code>"Sunset"</code>
                " header (RFC 8594), where the API passes it on: once a key expires soon, it says when. We "
                {notices} " too."
            </p>
        },
    )
}

fn keys_as_json(site: &str, access_key: &str) -> AnyView {
    section(
        "keys",
        view! {
            <p>"A program can read what this site shows, with any working key of the account. Secret keys are never included."</p>
            <dl class="endpoints">
                <dt>
                    <code>"GET /v1/account"</code>
                </dt>
                <dd>"The account that the key belongs to."</dd>
                <dt>
                    <code>"GET /v1/keys"</code>
                </dt>
                <dd>
                    "Its keys with name, status and expiration. Takes " <code>"q"</code> ", " <code>"status"</code> ", "
                    <code>"show"</code> ", " <code>"sort"</code> " and " <code>"page"</code>
                    ", as in the address of API Control. An unknown value is answered with 400, and a page behind the last one is empty."
                </dd>
            </dl>
            {example(
                "keys example",
                format!("curl '{site}/v1/keys?status=expiring_soon' \\\n  --user \"{access_key}:${}\"", secret()),
            )}
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::key;

    #[test]
    fn the_example_is_the_newest_key_that_works() {
        let expired = KeyView {
            status: Status::Expired,
            ..key("old", Some(1))
        };
        let keys = [expired.clone(), key("cron", None), key("billing", None)];
        let name = |keys: &[KeyView]| example_key(keys).map(|key| key.name.clone());
        assert_eq!(name(&keys).as_deref(), Some("cron"));
        assert_eq!(name(&[expired]).as_deref(), Some("old"));
        assert_eq!(name(&[]), None);
    }
}

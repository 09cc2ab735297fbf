//! Developers: the API's documentation, with examples that carry the account's own access key.

use leptos::prelude::*;
use shared::problem::Code;
use shared::view::KeyPage;

use crate::client::call::query;
use crate::server_fns::keys::ListKeys;
use crate::site::SiteUrl;
use crate::ui::answer::answered;
use crate::ui::copy::CopyButton;
use crate::ui::head::PageHead;
use crate::ui::toasts::Feedback;

/// Stands for the secret in examples: no page knows a real one.
const SECRET: &str = "YOUR_SECRET_KEY";

#[component]
pub fn DevelopersPage() -> impl IntoView {
    let revision = Feedback::get().revision;
    // The newest first.
    let keys = query::<ListKeys>(Vec::new, Some(revision));
    view! {
        <PageHead title="Developers" />
        {answered(keys, content)}
    }
    .into_any()
}

fn content(page: KeyPage) -> AnyView {
    let site = expect_context::<SiteUrl>().0;
    let own = page
        .keys
        .into_iter()
        .next()
        .map(|key| (key.access_key, key.name));
    let (access_key, whose) = match own {
        Some((access_key, name)) => (access_key, Some(name)),
        None => ("kh_0000000000000000".to_owned(), None),
    };
    view! {
        <article class="prose">
            <p class="lead">
                "A program proves who it is with a key: an access key, which is public, and a secret key, which is not. "
                "Every endpoint behind Keyhold accepts the key or says exactly why not."
            </p>
            {match whose {
                Some(name) => {
                    view! {
                        <p>
                            "The examples carry the access key of your newest key, "
                            <bdi class="quoted">{name}</bdi> ". Put its secret key in place of "
                            <code>{SECRET}</code> "."
                        </p>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <p>
                            "The examples carry made-up credentials: "
                            <a href="/preferences/api-control/new">"create a key"</a> " to see your own."
                        </p>
                    }
                        .into_any()
                }
            }}
            {carriers(&site, &access_key)}
            {endpoints(&site, &access_key)}
            {good()}
            {refusals()}
            {expired()}
            {gateways()}
        </article>
    }
    .into_any()
}

fn example(what: &'static str, text: String) -> AnyView {
    view! {
        <div class="example">
            <pre tabindex="0">
                <code>{text.clone()}</code>
            </pre>
            <CopyButton text=text what=what />
        </div>
    }
    .into_any()
}

fn carriers(site: &str, access_key: &str) -> AnyView {
    view! {
        <section>
            <h2>"Sending a key"</h2>
            <p>"Use one of three ways. A request that uses two gets 400."</p>
            <h3>"HTTP Basic"</h3>
            {example("Basic example", format!("curl -i -u '{access_key}:{SECRET}' {site}/verify"))}
            <h3>"Bearer token"</h3>
            <p>"Access key and secret key, joined by a dot."</p>
            {example(
                "Bearer example",
                format!("curl -i -H 'Authorization: Bearer {access_key}.{SECRET}' {site}/verify"),
            )}
            <h3>"X-API-Key"</h3>
            {example("X-API-Key example", format!("curl -i -H 'X-API-Key: {access_key}.{SECRET}' {site}/verify"))}
        </section>
    }
    .into_any()
}

fn endpoints(site: &str, access_key: &str) -> AnyView {
    view! {
        <section>
            <h2>"Endpoints"</h2>
            <dl class="endpoints">
                <dt>
                    <code>"/verify"</code>
                </dt>
                <dd>
                    "Checks a key. Accepts any method and any path below it, and ignores the body. For gateways, and for trying a key."
                </dd>
                <dt>
                    <code>"GET /v1/account"</code>
                </dt>
                <dd>"The account that the key belongs to, as JSON."</dd>
                <dt>
                    <code>"GET /v1/keys"</code>
                </dt>
                <dd>"The account's keys with name, status and expiration, as JSON. Never includes secrets."</dd>
            </dl>
            {example("account example", format!("curl -u '{access_key}:{SECRET}' {site}/v1/account"))}
            {example("keys example", format!("curl -u '{access_key}:{SECRET}' {site}/v1/keys"))}
        </section>
    }
    .into_any()
}

fn good() -> AnyView {
    let header = |name: &'static str, meaning: &'static str| {
        view! {
            <tr>
                <th scope="row">
                    <code>{name}</code>
                </th>
                <td>{meaning}</td>
            </tr>
        }
    };
    view! {
        <section>
            <h2>"A good key"</h2>
            <p>
                <code>"/verify"</code>
                " answers 200 with an empty body and these headers."
            </p>
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Header"</th>
                        <th scope="col">"Meaning"</th>
                    </tr>
                </thead>
                <tbody>
                    {header("X-Keyhold-Access-Key", "The access key.")}
                    {header("X-Keyhold-Account", "The account it belongs to.")}
                    {header("X-Keyhold-Key-Name", "The key's name, percent-encoded.")}
                    {header("X-Keyhold-Expires-At", "When it expires (RFC 3339). Absent if never.")}
                    {header("Sunset", "The same as an HTTP date (RFC 8594), once the key is expiring soon.")}
                </tbody>
            </table>
        </section>
    }
    .into_any()
}

fn refusals() -> AnyView {
    let row = |code: Code| {
        view! {
            <tr>
                <th scope="row">
                    <code>{code.slug()}</code>
                </th>
                <td>{code.http_status()}</td>
                <td>{code.detail()}</td>
            </tr>
        }
    };
    view! {
        <section>
            <h2>"A refused key"</h2>
            <p>
                "The body is " <code>"application/problem+json"</code> " (RFC 9457) with " <code>"type"</code> ", "
                <code>"title"</code> ", " <code>"status"</code> ", " <code>"detail"</code> ", " <code>"code"</code>
                " and " <code>"request_id"</code> ". Programs decide by " <code>"code"</code> "."
            </p>
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Code"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Meaning"</th>
                    </tr>
                </thead>
                <tbody>{Code::ALL.map(row).collect_view()}</tbody>
            </table>
            <p>
                "A 401 carries " <code>"WWW-Authenticate"</code> "; 429 and 503 carry " <code>"Retry-After"</code> "."
            </p>
        </section>
    }
    .into_any()
}

fn expired() -> AnyView {
    view! {
        <section>
            <h2>"When a key has expired"</h2>
            <p>
                "Only a program that sends the right secret learns that its key has expired. The answer names the instant in "
                <code>"expired_at"</code> " and the page that fixes it in " <code>"restore_url"</code> "."
            </p>
            <p>
                "The account holder opens that page, or "
                <a href="/preferences/api-control?status=expired">"API Control"</a>
                ", and chooses a new expiration. The same credentials work again at once, without a deployment."
            </p>
        </section>
    }
    .into_any()
}

fn gateways() -> AnyView {
    view! {
        <section>
            <h2>"Behind a gateway"</h2>
            <p>
                "A gateway asks " <code>"/verify"</code>
                " about each request and passes on only those answered with 200. Your API then reads the account from the "
                <code>"X-Keyhold-"</code> " headers and needs no code for keys at all."
            </p>
            <p>
                "Complete configurations for nginx, Caddy, Traefik and Envoy come with Keyhold, in its folder "
                <code>"deploy"</code>
                ". They also remove these headers from the client's request, which is easily forgotten, and pass Keyhold's rejections on unchanged."
            </p>
        </section>
    }
    .into_any()
}

//! The API reference, a page made from the document.

use serde_json::Value;

use crate::fixture::{BASE, Site};

async fn page(site: &Site) -> String {
    let page = site.ask("GET", "/admin/reference", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    page.body
}

/// The part of the page from a heading's id on, up to the next one.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!(" id=\"{id}\"")).unwrap();
    rest.split("<section").next().unwrap()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[tokio::test]
async fn the_reference_has_every_operation_member_and_code() {
    let site = Site::new().await;
    let document = site.ask("GET", "/admin/v1/openapi.json", &[]).await.json();
    let page = page(&site).await;
    assert!(page.contains("href=\"/admin/v1/openapi.json\""));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = format!("{method}{}", path.replace(['{', '}'], "").replace('/', "-"));
            let part = part(&page, &id);
            let scope = operation["security"][0]["operator_token"][0].as_str();
            let texts = [operation["summary"].as_str(), scope, Some(path)];
            for text in texts.into_iter().flatten() {
                assert!(part.contains(&escaped(text)), "{id}: {text}");
            }
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert!(
                    part.contains(&format!("<code>{name}</code>")),
                    "{id}: {name}"
                );
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let reference = body["$ref"].as_str().or(body["oneOf"][1]["$ref"].as_str());
            let name = reference.map(|path| path.rsplit('/').next().unwrap());
            let schema = name.map_or(&Value::Null, |name| {
                &document["components"]["schemas"][name]
            });
            for (name, _) in schema["properties"].as_object().into_iter().flatten() {
                assert!(
                    part.contains(&format!("<code>{name}</code>")),
                    "{id}: {name}"
                );
            }
            assert!(part.contains("$KEYHOLD_URL/admin/v1/"), "{id}");
            operations += 1;
        }
    }
    assert!(operations >= 18, "{operations}");
    let codes = document["components"]["schemas"]["Code"]["enum"].as_array();
    for code in codes.unwrap() {
        let code = code.as_str().unwrap();
        assert!(page.contains(&format!("<div id=\"{code}\">")), "{code}");
    }
}

/// Every link on the page leads to something on it, or to the document.
#[tokio::test]
async fn the_links_of_the_reference_lead_somewhere() {
    let site = Site::new().await;
    let page = page(&site).await;
    let mut links = 0;
    for link in page.split(" href=\"").skip(1) {
        let target = link.split('"').next().unwrap();
        if let Some(id) = target.strip_prefix('#') {
            assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
            links += 1;
        } else if target.starts_with('/') && !target.starts_with("/favicon") {
            assert_eq!(site.ask("GET", target, &[]).await.status, 200, "{target}");
        }
    }
    assert!(links > 60, "{links}");
}

/// The `type` of a problem is the address of its row.
#[tokio::test]
async fn a_problem_leads_to_its_row() {
    let site = Site::new().await;
    let problem = site.ask("GET", "/admin/v1/keys", &[]).await;
    let kind = problem.text("type");
    let (address, code) = kind.split_once('#').unwrap();
    let path = address.strip_prefix(BASE).unwrap();
    let page = site.ask("GET", path, &[]).await;
    assert!(page.body.contains(&format!("<div id=\"{code}\">")));
}

/// It shows the theme that was chosen on the other pages.
#[tokio::test]
async fn the_reference_keeps_the_theme() {
    let site = Site::new().await;
    let dark = [("cookie", "keyhold_theme=dark")];
    let page = site.ask("GET", "/admin/reference", &dark).await;
    assert!(page.body.contains("<html lang=\"en\" data-theme=\"dark\">"));
    let odd = [("cookie", "keyhold_theme=\"><script>")];
    let page = site.ask("GET", "/admin/reference", &odd).await;
    assert!(page.body.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn the_reference_is_where_the_management_api_is() {
    let site = Site::apart(BASE).await;
    for path in ["/admin/reference", "/admin/reference.css"] {
        assert_eq!(site.ask("GET", path, &[]).await.status, 404, "{path}");
    }
}

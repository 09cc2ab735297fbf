//! The operators' page, `/operator`.

mod access;
mod acts;
mod pages;
mod search;
mod spellings;
mod stale;

use axum::body::Body;
use axum::http::Request;

use crate::fixture::{Answer, Site};

/// A browser on the operators' page.
pub struct Desk<'a> {
    site: &'a Site,
    pub cookie: String,
}

impl Site {
    /// Returns the browser of an operator who has signed in with a token of these scopes, and the token's id.
    pub async fn desk(&self, name: &str, scopes: &[&str]) -> (Desk<'_>, String) {
        let operator = self.operator().await;
        let body = serde_json::json!({ "name": name, "scopes": scopes, "expiry": "1d" });
        let made = operator.post("/tokens", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let desk = self.sign_in(&made.text("token")).await;
        (desk, made.text("id"))
    }

    /// Signs in with a token.
    pub async fn sign_in(&self, token: &str) -> Desk<'_> {
        let mut desk = Desk {
            site: self,
            cookie: String::new(),
        };
        let answer = desk.post("/operator/sign-in", &[("token", token)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut desk.cookie);
        desk
    }
}

impl Desk<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[]).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, &[], fields).await
    }

    /// Fills in the form of a page, and follows its redirect.
    pub async fn act(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post_seen(path, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        self.get(answer.header("location")).await
    }

    /// Sends a form with the version that its page shows.
    pub async fn post_seen(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (page, _) = path.rsplit_once('/').unwrap();
        let version = version(&self.get(page).await);
        self.post(path, &[fields, &[("version", &*version)]].concat())
            .await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.site
            .send(request.body(Body::from(body)).unwrap())
            .await
    }
}

/// The version that the forms of a page send; nothing where it has none.
pub fn version(page: &Answer) -> String {
    let rest = page.body.split_once("name=\"version\" value=\"");
    let version = rest.and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or_default().to_owned()
}

/// Everything that support staff does.
pub const SUPPORT: [&str; 5] = [
    "accounts:read",
    "accounts:write",
    "keys:read",
    "keys:write",
    "audit:read",
];

//! A Keyhold for in-process requests, and a browser that keeps cookies.

use std::sync::Arc;

use app::site::Site as Address;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use server::serve::service::Front;
use server::state::AppState;
use vault::Vault;
use vault::clock::ManualClock;
use vault::limits::Settings;
use vault::test_support::{Fixture, PASSWORD};

pub const BASE: &str = "http://127.0.0.1:3000";

pub struct Site {
    fixture: Fixture,
    pub clock: Arc<ManualClock>,
    pub vault: Vault,
    pub state: AppState,
    pub front: Front,
}

/// A response.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }
}

/// A key as its owner received it.
#[derive(Clone)]
pub struct Key {
    pub access: String,
    pub secret: String,
}

impl Key {
    pub fn word(&self) -> String {
        format!("{}.{}", self.access, self.secret)
    }

    pub fn basic(&self) -> String {
        use base64::Engine;
        let pair = format!("{}:{}", self.access, self.secret);
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        )
    }
}

impl Site {
    pub async fn new() -> Self {
        Self::at(BASE, true).await
    }

    pub async fn at(base_url: &str, sign_up_open: bool) -> Self {
        Self::limited(base_url, sign_up_open, Settings::default()).await
    }

    pub async fn limited(base_url: &str, sign_up_open: bool, limits: Settings) -> Self {
        let fixture = Fixture::with(|options| {
            base_url.clone_into(&mut options.base_url);
            options.limits = limits;
        })
        .await;
        let site = fixture.folder.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        let vault = fixture.vault.clone();
        let address = Address {
            base_url: base_url.to_owned(),
            sign_up_open,
        };
        let state = AppState::new(vault.clone(), address, site, Vec::new());
        Self {
            clock: fixture.clock.clone(),
            fixture,
            vault,
            front: Front::new(state.clone()),
            state,
        }
    }

    /// Accepts unsent mails when the site is dropped. For tests of other subjects.
    pub fn leave_mail(&self) {
        self.fixture.leave_mail();
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.front.answer(request, None).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Sends a request with these headers and no body.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Returns status and code of a call to `/verify`.
    pub async fn verdict(&self, key: &Key) -> (u16, String) {
        let answer = self
            .ask("GET", "/verify", &[("authorization", &key.basic())])
            .await;
        let code = if answer.body.is_empty() {
            String::new()
        } else {
            answer.text("code")
        };
        (answer.status.as_u16(), code)
    }

    pub fn stranger(&self) -> Browser<'_> {
        Browser {
            site: self,
            cookie: None,
            key: None,
        }
    }

    /// Returns the browser of a new account.
    pub async fn member(&self, email: &str) -> Browser<'_> {
        let mut browser = self.stranger();
        let fields = [
            ("email", email),
            ("password", PASSWORD),
            ("time_zone", "UTC"),
        ];
        let answer = browser.call("account/sign-up", &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        browser.keep_cookie(&answer);
        browser.key = Some(Key {
            access: answer.text("access_key"),
            secret: answer.text("secret_key"),
        });
        browser
    }
}

/// A browser with a cookie jar.
pub struct Browser<'a> {
    pub site: &'a Site,
    pub cookie: Option<String>,
    /// The default key of a member.
    pub key: Option<Key>,
}

impl Browser<'_> {
    pub fn keep_cookie(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.headers.get("set-cookie") {
            self.cookie = cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .map(str::to_owned);
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "text/html", None).await
    }

    /// Calls a function like our own script.
    pub async fn call(&self, function: &str, fields: &[(&str, &str)]) -> Answer {
        self.request(
            "POST",
            &format!("/fn/{function}"),
            "application/json",
            Some(fields),
        )
        .await
    }

    /// Posts a form like a browser without JavaScript.
    pub async fn post(&self, function: &str, fields: &[(&str, &str)]) -> Answer {
        self.request(
            "POST",
            &format!("/fn/{function}"),
            "text/html,*/*;q=0.8",
            Some(fields),
        )
        .await
    }

    pub async fn create(&self, name: &str, expiry: &str) -> Key {
        let answer = self
            .call("keys/create", &[("name", name), ("expiry", expiry)])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Key {
            access: answer.text("access_key"),
            secret: answer.text("secret_key"),
        }
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        accept: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", accept);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let body = match fields {
            Some(fields) => {
                request = request.header("content-type", "application/x-www-form-urlencoded");
                form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish()
            }
            None => String::new(),
        };
        self.site
            .send(request.body(Body::from(body)).unwrap())
            .await
    }
}

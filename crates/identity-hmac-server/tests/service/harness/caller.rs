//! Those who call the service: the admin of an organization, and its visitors.

use std::sync::LazyLock;

use identity_hmac::generate_identity_hmac;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::process::Service;

/// The HTTP client of all tests.
pub(crate) fn http() -> &'static Client {
    static HTTP: LazyLock<Client> = LazyLock::new(|| {
        // Each test has a runtime of its own, and connections do not outlive it.
        Client::builder()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .unwrap()
    });
    &HTTP
}

/// A client that keeps its connections, for the many calls of one test.
pub(crate) fn kept() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap<HeaderValue>,
    /// The body as it came.
    pub(crate) text: String,
    /// The body as JSON; null when there is none, a string when it is something else.
    pub(crate) body: Value,
}

impl Answer {
    /// Sends a request and reads the answer.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::over(http(), request).await.unwrap()
    }

    /// Sends a request over the connections of a client; fails when they do.
    pub(crate) async fn over(client: &Client, request: RequestBuilder) -> reqwest::Result<Self> {
        let response = client.execute(request.build()?).await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        };
        Ok(Self {
            status,
            headers,
            text,
            body,
        })
    }

    /// The code of a problem; empty when it is none.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The status and the code of a problem.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
    }

    /// The visitor has no record.
    #[track_caller]
    pub(crate) fn is_no_record(&self) {
        assert_eq!((self.status, self.text.as_str()), (204, ""), "{self:?}");
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }
}

/// An organization, with what its admin and its backends know.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(super) url: String,
    admin_url: String,
    admin_token: String,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Organization {
    pub(super) async fn create(service: &Service) -> Self {
        let request = http()
            .post(format!("{}/v1/admin/organizations", service.admin_url))
            .bearer_auth(&service.admin_token)
            .json(&json!({"name": "Corner Shop"}));
        let created = Answer::to(request).await.ok();
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        Self {
            url: service.url.clone(),
            admin_url: service.admin_url.clone(),
            admin_token: service.admin_token.clone(),
            id: text("id"),
            key: text("organizationKey"),
            secret: text("secret"),
        }
    }

    /// The same organization, at another process of the service.
    pub(crate) fn at(&self, service: &Service) -> Self {
        Self {
            url: service.url.clone(),
            admin_url: service.admin_url.clone(),
            ..self.clone()
        }
    }

    /// The same organization, whose backends sign with another secret.
    pub(crate) fn with_secret(&self, secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            ..self.clone()
        }
    }

    /// Another organization of the same service, by its id.
    pub(crate) fn known_as(&self, id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            key: format!("pk_{}", id.replace('-', "")),
            secret: secret.to_owned(),
            ..self.clone()
        }
    }

    /// An admin's request below `/v1/admin/organizations`.
    pub(crate) fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/admin/organizations{path}", self.admin_url);
        http().request(method, url).bearer_auth(&self.admin_token)
    }

    /// Changes the organization.
    pub(crate) async fn update(&self, changes: Value) -> Answer {
        let path = format!("/{}", self.id);
        Answer::to(self.admin(Method::PATCH, &path).json(&changes)).await
    }

    /// Sets how calls are verified.
    pub(crate) async fn verification(&self, mode: &str) {
        self.update(json!({"verification": mode})).await.ok();
    }

    /// Rotates the secret; the new one becomes `secret`, and the one before is returned.
    pub(crate) async fn rotate_secret(&mut self) -> String {
        let rotated = self.try_to_rotate("").await.ok();
        let secret = rotated["secret"].as_str().unwrap().to_owned();
        std::mem::replace(&mut self.secret, secret)
    }

    /// Asks for another secret, with a query as in `?force=true`, and takes no note of it.
    pub(crate) async fn try_to_rotate(&self, query: &str) -> Answer {
        let path = format!("/{}/rotate-secret{query}", self.id);
        Answer::to(self.admin(Method::POST, &path)).await
    }

    /// Reads the organization.
    pub(crate) async fn read(&self) -> Value {
        let path = format!("/{}", self.id);
        Answer::to(self.admin(Method::GET, &path)).await.ok()
    }

    /// Lets the previous secret no longer verify.
    pub(crate) async fn retire_previous_secret(&self) {
        let path = format!("/{}/previous-secret", self.id);
        Answer::to(self.admin(Method::DELETE, &path)).await.ok();
    }

    /// Makes a visitor.
    pub(crate) async fn visitor(&self) -> Visitor {
        let request = http()
            .post(format!("{}/v1/visitors", self.url))
            .header("x-organization-key", &self.key);
        Visitor::new(&self.url, &Answer::to(request).await.ok())
    }

    /// Signs a visitor id, as the organization's backend does.
    pub(crate) fn sign(&self, visitor: &Visitor) -> String {
        generate_identity_hmac(&visitor.id, &self.secret)
            .unwrap()
            .to_hex()
    }
}

/// A visitor with its token.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    url: String,
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Visitor {
    /// A visitor that was just made.
    pub(crate) fn new(url: &str, made: &Value) -> Self {
        Self {
            url: url.to_owned(),
            id: made["visitorId"].as_str().unwrap().to_owned(),
            token: made["visitorToken"].as_str().unwrap().to_owned(),
        }
    }

    /// The same visitor, calling another process of the service.
    pub(crate) fn at(&self, service: &Service) -> Self {
        Self {
            url: service.url.clone(),
            ..self.clone()
        }
    }

    /// Somebody who presents another token.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            ..self.clone()
        }
    }

    /// A request of `identify()`, still without its body.
    pub(crate) fn request(&self) -> RequestBuilder {
        http()
            .post(format!("{}/v1/identify", self.url))
            .bearer_auth(&self.token)
    }

    /// Calls `identify()`.
    pub(crate) async fn identify(&self, params: Value) -> Answer {
        Answer::to(self.request().json(&params)).await
    }

    /// Calls `identify()` with a body as it stands.
    pub(crate) async fn identify_raw(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request().header("content-type", "application/json");
        Answer::to(request.body(body)).await
    }

    /// A request for the record.
    pub(crate) fn identity_request(&self) -> RequestBuilder {
        http()
            .get(format!("{}/v1/identity", self.url))
            .bearer_auth(&self.token)
    }

    /// Reads the record.
    pub(crate) async fn identity(&self) -> Answer {
        Answer::to(self.identity_request()).await
    }
}

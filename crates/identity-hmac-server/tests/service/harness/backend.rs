//! An organization's own backend, which calls with an API key.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::caller::{Answer, Organization, Visitor, http};

/// A backend with its API key.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    url: String,
    pub(crate) key: String,
    /// What the key is called where it is listed.
    pub(crate) key_id: String,
}

impl Organization {
    /// Asks for an API key.
    pub(crate) async fn make_api_key(&self) -> Answer {
        let path = format!("/{}/api-keys", self.id);
        Answer::to(self.admin(Method::POST, &path)).await
    }

    /// A backend with a new API key.
    pub(crate) async fn backend(&self) -> Backend {
        let made = self.make_api_key().await.ok();
        Backend {
            url: self.url.clone(),
            key: made["apiKey"].as_str().unwrap().to_owned(),
            key_id: made["id"].as_str().unwrap().to_owned(),
        }
    }

    /// The API keys as they are listed.
    pub(crate) async fn api_keys(&self) -> Vec<Value> {
        let path = format!("/{}/api-keys", self.id);
        let listed = Answer::to(self.admin(Method::GET, &path)).await.ok();
        listed["apiKeys"].as_array().unwrap().clone()
    }

    /// Asks for a token key.
    pub(crate) async fn make_token_key(&self) -> Answer {
        let path = format!("/{}/token-keys", self.id);
        Answer::to(self.admin(Method::POST, &path)).await
    }

    /// The token keys as they are listed.
    pub(crate) async fn token_keys(&self) -> Vec<Value> {
        let path = format!("/{}/token-keys", self.id);
        let listed = Answer::to(self.admin(Method::GET, &path)).await.ok();
        listed["tokenKeys"].as_array().unwrap().clone()
    }

    /// Deletes a token key.
    pub(crate) async fn delete_token_key(&self, kid: &str) -> Answer {
        let path = format!("/{}/token-keys/{kid}", self.id);
        Answer::to(self.admin(Method::DELETE, &path)).await
    }

    /// Deletes an API key.
    pub(crate) async fn delete_api_key(&self, id: &str) -> Answer {
        let path = format!("/{}/api-keys/{id}", self.id);
        Answer::to(self.admin(Method::DELETE, &path)).await
    }
}

impl Backend {
    /// The same backend, which presents another key.
    pub(crate) fn with_key(&self, key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            ..self.clone()
        }
    }

    /// The same backend, which calls the process that an organization is at.
    pub(crate) fn at(&self, organization: &Organization) -> Self {
        Self {
            url: organization.url.clone(),
            ..self.clone()
        }
    }

    /// A request below `/v1/server`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/server{path}", self.url);
        http().request(method, url).bearer_auth(&self.key)
    }

    /// Says who a visitor is.
    pub(crate) async fn identify(&self, visitor: &Visitor, params: Value) -> Answer {
        let request = self.request(Method::POST, &path(visitor));
        Answer::to(request.json(&params)).await
    }

    /// Asks who a visitor is.
    pub(crate) async fn identity(&self, visitor: &Visitor) -> Answer {
        Answer::to(self.request(Method::GET, &path(visitor))).await
    }

    /// Asks for records, with a query as in `?limit=1`.
    pub(crate) async fn identities(&self, query: &str) -> Answer {
        Answer::to(self.request(Method::GET, &format!("/identities{query}"))).await
    }
}

/// Where a visitor's record is, below `/v1/server`.
fn path(visitor: &Visitor) -> String {
    format!("/visitors/{}/identity", visitor.id)
}

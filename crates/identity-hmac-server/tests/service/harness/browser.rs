//! A browser that shows the dashboard, as far as it matters to the service: it keeps a cookie, says
//! where its forms come from, and follows a redirect only if the test asks for it.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use url::form_urlencoded::Serializer;

use super::caller::Answer;
use super::process::Service;

/// A browser at the dashboard of one service.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    http: Client,
    url: String,
    /// `NAME=VALUE`; empty for none.
    pub(crate) cookie: String,
}

impl Browser {
    /// A browser in which nobody is logged in.
    pub(crate) fn new(service: &Service) -> Self {
        let http = Client::builder()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .redirect(Policy::none());
        Self {
            http: http.build().unwrap(),
            url: service.admin_url.clone(),
            cookie: String::new(),
        }
    }

    /// The same browser, with another cookie.
    pub(crate) fn with_cookie(&self, cookie: String) -> Self {
        Self {
            cookie,
            ..self.clone()
        }
    }

    /// A browser in which the admin is logged in.
    pub(crate) async fn logged_in(service: &Service) -> Self {
        let browser = Self::new(service);
        let answer = browser.try_to_log_in(&service.admin_token).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        browser.with_cookie(cookie.split(';').next().unwrap().to_owned())
    }

    /// Sends the form of the log-in.
    pub(crate) async fn try_to_log_in(&self, token: &str) -> Answer {
        self.submit("/login", &[("token", token)]).await
    }

    /// A request below `/dashboard`, without what a browser says of its page.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/dashboard{path}", self.url));
        match self.cookie.as_str() {
            "" => request,
            cookie => request.header("cookie", cookie),
        }
    }

    /// The request of a form, without what a browser says of its page.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Opens a page that there is.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text
    }

    /// Sends a form of one of the dashboard's own pages.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.form(path, fields);
        self.send(request.header("sec-fetch-site", "same-origin"))
            .await
    }

    /// Sends a form that changes something, and returns where it leads, below `/dashboard`.
    pub(crate) async fn change(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.submit(path, fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let location = answer.headers["location"].to_str().unwrap();
        location.strip_prefix("/dashboard").unwrap().to_owned()
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::over(&self.http, request).await.unwrap()
    }
}

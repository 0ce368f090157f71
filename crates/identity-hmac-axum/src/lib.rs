#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use identity_hmac::InputError;
use identity_hmac::route::{self, Request, SigningKey, VisitorIds};
use serde_json::json;

pub use identity_hmac::route::User;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Says whether a text is a visitor id.
type Matches = dyn Fn(&str) -> bool + Send + Sync;

/// The guarded route, with its key.
///
/// See the [crate's page](crate) for a whole program.
#[derive(Clone)]
pub struct ChatIdentity {
    key: SigningKey,
    visitor_ids: Option<Arc<Matches>>,
}

impl ChatIdentity {
    /// A route that signs with `key`: an [`IdentityKey`](identity_hmac::IdentityKey) or a
    /// [`TokenKey`](identity_hmac::TokenKey).
    pub fn new(key: impl Into<SigningKey>) -> Self {
        Self {
            key: key.into(),
            visitor_ids: None,
        }
    }

    /// Signs the visitor ids for which `matches` says true, in place of UUIDs. See
    /// [`VisitorIds::Matching`].
    ///
    /// # Security
    ///
    /// Whatever is allowed here is signed for everybody who is logged in.
    #[must_use]
    pub fn with_visitor_ids(self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            visitor_ids: Some(Arc::new(matches)),
            ..self
        }
    }

    /// What [`Router::route`](axum::Router::route) takes for the route's path. It answers every method.
    ///
    /// `user_of` makes the [`User`] from what the extractor `U` gives: a `User`, or an `Option` of one
    /// if the extractor does not reject a request without a log-in.
    ///
    /// An error of `user_of` or of the signing is answered with 500, and its message, which holds no
    /// value, is the problem document's `detail`.
    ///
    /// ```
    /// # use axum::extract::Extension;
    /// # use identity_hmac::{IdentityKey, InputError};
    /// use identity_hmac_axum::{ChatIdentity, User};
    ///
    /// # struct Customer { id: String, email: String }
    /// # let key = IdentityKey::new("s3cret")?;
    /// let route = ChatIdentity::new(key).route(|user: Option<Extension<Arc<Customer>>>| {
    ///     user.map(|user| Ok(User::new(&*user.id)?.email(&*user.email))).transpose()
    /// });
    /// # use std::sync::Arc;
    /// # let _: axum::Router = axum::Router::new().route("/api/chat-identity", route);
    /// # Ok::<(), InputError>(())
    /// ```
    pub fn route<U, R, F, S>(self, user_of: F) -> MethodRouter<S>
    where
        U: FromRequestParts<S, Rejection: Send> + Send + 'static,
        R: Into<Option<User>>,
        F: Fn(U) -> Result<R, InputError> + Clone + Send + Sync + 'static,
        S: Clone + Send + Sync + 'static,
    {
        let answer =
            move |user: Result<U, U::Rejection>, method: Method, uri: Uri, headers: HeaderMap| {
                let user = match user {
                    Ok(user) => user_of(user),
                    Err(rejection) => return ready(for_this_session(rejection.into_response())),
                };
                let answered = user
                    .and_then(|user| self.respond(&method, &uri, &headers, user.into().as_ref()));
                ready(answered.unwrap_or_else(|error| failed(&error)))
            };
        any(answer)
    }

    fn respond(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        user: Option<&User>,
    ) -> Result<Response, InputError> {
        let values = headers.get_all(SEC_FETCH_SITE);
        let values: Vec<_> = values.iter().map(HeaderValue::as_bytes).collect();
        let sec_fetch_site = (!values.is_empty()).then(|| values.join(&b','));
        let request = Request::new(method.as_str(), uri.query().unwrap_or_default())
            .sec_fetch_site(sec_fetch_site.as_ref());
        let visitor_ids = match &self.visitor_ids {
            Some(matches) => VisitorIds::Matching(&**matches),
            None => VisitorIds::Uuid,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        route::respond(&self.key, visitor_ids, &request, user, now).map(to_axum)
    }
}

impl fmt::Debug for ChatIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatIdentity { .. }")
    }
}

fn to_axum(answer: route::Response) -> Response {
    let mut response = Response::new(answer.body.into());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers.into_iter();
    response.headers_mut().extend(headers.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    }));
    response
}

fn failed(error: &InputError) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let document = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": error.to_string(),
    });
    let content_type = [(CONTENT_TYPE, "application/problem+json")];
    for_this_session((status, content_type, document.to_string()).into_response())
}

/// Keeps an answer that the core has not made out of every cache, too.
fn for_this_session(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(VARY, HeaderValue::from_static("Cookie"));
    response
}

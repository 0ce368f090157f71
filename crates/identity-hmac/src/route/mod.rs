//! The guarded route: what a backend answers to a page that asks for its visitor's proof.
//!
//! `GET /api/chat-identity?visitorId=…` is the one route that an integration adds to a backend.
//! [`respond`] decides the whole answer, and knows no web framework: an adapter gives it the
//! [`Request`] and the [`User`] of the session, and sends the [`Response`].
//!
//! | answer | when |
//! |---|---|
//! | 401 | nobody is logged in: nothing else of the request is looked at |
//! | 404 | the path goes on behind the route |
//! | 405 with `Allow` | the method is neither GET nor HEAD |
//! | 403 | a page of another site asks, which the browser says in `Sec-Fetch-Site` |
//! | 400 | the query does not hold exactly one `visitorId`, or it is not a visitor id |
//! | 200 | `{"hmac":"…"}` for an [`IdentityKey`], `{"token":"…"}` for a [`TokenKey`] |
//!
//! The errors are problem documents (RFC 9457). No answer may be stored by a cache.

mod request;
mod response;
mod user;

use alloc::format;

pub use request::{Request, VisitorIds};
pub use response::Response;
pub use user::User;

use crate::{IdentityKey, InputError, TokenKey};

/// What the route signs with. The kind of key decides what a page gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SigningKey {
    /// Signs the visitor id: the page gets an hmac.
    Identity(IdentityKey),
    /// Signs who the visitor is: the page gets an identity token.
    Token(TokenKey),
}

impl From<IdentityKey> for SigningKey {
    fn from(key: IdentityKey) -> Self {
        Self::Identity(key)
    }
}

impl From<TokenKey> for SigningKey {
    fn from(key: TokenKey) -> Self {
        Self::Token(key)
    }
}

/// Answers `request`, which `user` sent, at the time `now` in seconds since the epoch.
///
/// `user` is the user of the request's session, and `None` if nobody is logged in. `visitor_ids`
/// says which visitor ids are signed: [`VisitorIds::Uuid`] unless the chat's are different.
///
/// # Errors
///
/// What [`TokenKey::sign`] refuses: [`InputError::InvalidClaim`] for a user with a name, an e-mail
/// address or metadata beyond the limits, and [`InputError::TokenTooLong`]. Nothing that a page can
/// send gives an error. Answer with the status 500 then.
///
/// # Security
///
/// Only a session that the backend has authenticated makes a user. Never take one from a parameter
/// or a header of the request: anyone could be signed for as anybody.
///
/// ```
/// use identity_hmac::IdentityKey;
/// use identity_hmac::route::{Request, User, VisitorIds, respond};
///
/// let key = IdentityKey::new("s3cret")?.into();
/// let request = Request::new("GET", "visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90");
/// let now = 1_764_000_000; // seconds since the epoch
///
/// let user = User::new("user_123")?;
/// let response = respond(&key, VisitorIds::Uuid, &request, Some(&user), now)?;
/// assert_eq!(response.status, 200);
/// assert!(response.body.starts_with(r#"{"hmac":""#));
///
/// let response = respond(&key, VisitorIds::Uuid, &request, None, now)?;
/// assert_eq!(response.status, 401);
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
pub fn respond(
    key: &SigningKey,
    visitor_ids: VisitorIds<'_>,
    request: &Request<'_>,
    user: Option<&User>,
    now: u64,
) -> Result<Response, InputError> {
    let Some(user) = user else {
        return Ok(Response::unauthorized());
    };
    if !request.remaining_path.is_empty() {
        return Ok(Response::not_found());
    }
    if !request.is_read() {
        return Ok(Response::method_not_allowed());
    }
    if request.is_of_another_site() {
        return Ok(Response::forbidden());
    }
    let Some(visitor_id) = request.visitor_id().filter(|id| visitor_ids.hold(id)) else {
        return Ok(Response::bad_request(visitor_ids));
    };
    let body = match key {
        SigningKey::Identity(key) => {
            let hmac = key.sign(visitor_id)?;
            format!(r#"{{"hmac":"{}"}}"#, hmac.encode_hex(&mut [0; 64]))
        }
        SigningKey::Token(key) => {
            let token = key.sign(&user.claims_of(visitor_id), now)?;
            format!(r#"{{"token":"{token}"}}"#)
        }
    };
    Ok(Response::ok(body))
}

//! The guarded route.

use std::cell::Cell;

use identity_hmac::route::{self, Request, SigningKey, User, VisitorIds};
use identity_hmac::{IdentityKey, InputError, TokenKey};
use napi::Result;
use napi::bindgen_prelude::{Either, External, Function, Unknown};
use napi_derive::napi;

use crate::bytes::Scratch;
use crate::error::Refusal;
use crate::token::{Attribute, patch, whole};

/// An answer, to be sent as it is.
#[derive(Debug)]
#[napi(object, object_from_js = false)]
pub struct RouteAnswer {
    /// The status code.
    pub status: u16,
    /// Pairs of a name in lower case and a value. Each name stands once.
    pub headers: Vec<Vec<&'static str>>,
    /// The body.
    pub body: String,
}

/// What is wrong with a user's external id, or with the text of JSON; null if nothing.
#[napi(catch_unwind)]
pub fn check_user(external_id: String, metadata: Option<String>) -> Option<Refusal> {
    user(external_id, metadata).err().map(Refusal::from)
}

fn user(external_id: String, metadata: Option<String>) -> std::result::Result<User, InputError> {
    let user = User::new(external_id)?;
    match metadata {
        Some(metadata) => user.metadata_json(&metadata),
        None => Ok(user),
    }
}

/// Prepares a route that signs with an identity key.
#[napi(catch_unwind)]
pub fn identity_key_of_route(key: &External<IdentityKey>) -> External<SigningKey> {
    External::new(IdentityKey::clone(key).into())
}

/// Prepares a route that signs with a token key.
#[napi(catch_unwind)]
pub fn token_key_of_route(key: &External<TokenKey>) -> External<SigningKey> {
    External::new(TokenKey::clone(key).into())
}

/// Answers a request. Nobody is logged in where `externalId` is undefined. `matches` says which
/// visitor ids are signed, if those are not UUIDs.
#[napi(catch_unwind)]
#[allow(
    clippy::too_many_arguments,
    reason = "an object would have to be read member by member"
)]
pub fn respond(
    key: &External<SigningKey>,
    matches: Option<Function<'_, String, bool>>,
    method: String,
    query: Unknown<'_>,
    sec_fetch_site: Option<String>,
    remaining_path: String,
    external_id: Option<String>,
    name: Attribute,
    email: Attribute,
    metadata: Option<String>,
    now: f64,
) -> Result<Either<RouteAnswer, Refusal>> {
    let thrown = Cell::new(None);
    let matching = |id: &str| {
        let answer = matches.as_ref().map(|matches| matches.call(id.to_owned()));
        answer.is_some_and(|answer| {
            answer.unwrap_or_else(|error| {
                thrown.set(Some(error));
                false
            })
        })
    };
    let visitor_ids = match matches {
        Some(_) => VisitorIds::Matching(&matching),
        None => VisitorIds::Uuid,
    };
    let mut scratch = Scratch::new();
    let query = scratch.read(query).unwrap_or_default();
    let respond = || {
        let user = external_id.map(|id| user(id, metadata)).transpose()?;
        let user = user.map(|user| user.name(patch(name)).email(patch(email)));
        let request = Request::new(&method, query)
            .sec_fetch_site(sec_fetch_site.as_ref())
            .remaining_path(&remaining_path);
        route::respond(key, visitor_ids, &request, user.as_ref(), whole(now))
    };
    let answer = respond();
    if let Some(error) = thrown.take() {
        return Err(error);
    }
    Ok(match answer {
        Ok(answer) => Either::A(RouteAnswer {
            status: answer.status,
            headers: answer
                .headers
                .into_iter()
                .map(|(name, value)| vec![name, value])
                .collect(),
            body: answer.body,
        }),
        Err(error) => Either::B(error.into()),
    })
}

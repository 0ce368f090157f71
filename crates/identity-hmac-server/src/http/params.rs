//! Paths and queries: ids, and the parts of a long list.

use std::num::NonZeroU32;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::problem::Problem;
use crate::api_key::is_key_id;

/// How many entries a part of a list holds at most: 1 to `MAX`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "NonZeroU32")]
pub(crate) struct Limit<const MAX: u32 = 100>(pub(crate) u32);

impl<const MAX: u32> Default for Limit<MAX> {
    fn default() -> Self {
        Self(50)
    }
}

impl<const MAX: u32> TryFrom<NonZeroU32> for Limit<MAX> {
    type Error = String;

    fn try_from(limit: NonZeroU32) -> Result<Self, String> {
        if limit.get() > MAX {
            return Err(format!("larger than {MAX}"));
        }
        Ok(Self(limit.get()))
    }
}

/// Where the next part begins, unless this one is the last.
pub(crate) fn next_cursor<T>(part: &[T], limit: Limit, id: impl Fn(&T) -> Uuid) -> Option<Uuid> {
    let full = part.len() == limit.0 as usize;
    part.last().filter(|_| full).map(id)
}

/// A query string that names nothing unknown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryParams<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // No record holds one, and PostgreSQL would fail on it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            let reason = "the query holds a NUL character (%00)";
            return Err(Problem::invalid_request(None, reason));
        }
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::invalid_request(None, &rejection.body_text())),
        }
    }
}

/// The organization of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<Uuid>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id))
            .map_err(|_| Problem::organization_not_found())
    }
}

/// The visitor of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathVisitor(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathVisitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<Uuid>::from_request_parts(parts, state).await;
        path.map(|Path(visitor)| Self(visitor))
            .map_err(|_| Problem::visitor_not_found())
    }
}

/// The organization and the API key of a path.
#[derive(Clone, Debug)]
pub(crate) struct PathApiKey(pub(crate) Uuid, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathApiKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let (organization, id) = path_key(parts, state)
            .await
            .ok_or_else(Problem::api_key_not_found)?;
        Ok(Self(organization, id))
    }
}

/// The organization and the token key of a path.
#[derive(Clone, Debug)]
pub(crate) struct PathTokenKey(pub(crate) Uuid, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathTokenKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let (organization, kid) = path_key(parts, state)
            .await
            .ok_or_else(Problem::token_key_not_found)?;
        Ok(Self(organization, kid))
    }
}

/// The organization and the key of a path, unless that cannot be a key's id.
async fn path_key<S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<(Uuid, String)> {
    let path = Path::<(Uuid, String)>::from_request_parts(parts, state).await;
    let Path((organization, id)) = path.ok()?;
    is_key_id(&id).then_some((organization, id))
}

/// The organization and the identity of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathIds(pub(crate) Uuid, pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathIds {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(Uuid, Uuid)>::from_request_parts(parts, state).await;
        path.map(|Path((organization, identity))| Self(organization, identity))
            .map_err(|_| Problem::identity_not_found())
    }
}

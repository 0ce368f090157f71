//! What a request for a page says: its path, its query, and the fields of a form.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::failure::Failure;
use crate::http::body;
use crate::http::{App, Problem};
use crate::organization::OrganizationView;

/// The organization of a path, as it is now.
#[derive(Debug)]
pub(super) struct Organization(pub(super) OrganizationView);

impl FromRequestParts<Arc<App>> for Organization {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let id = path
            .ok()
            .and_then(|Path(path)| path.get("id")?.parse::<Uuid>().ok());
        let organization = match id {
            Some(id) => app.store.organization(id).await?,
            None => None,
        };
        organization
            .map(|organization| Self(organization.into()))
            .ok_or_else(|| Problem::organization_not_found().into())
    }
}

/// What else stands in a path.
#[derive(Debug)]
pub(super) struct Within<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Within<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let path = Path::from_request_parts(parts, app).await;
        path.map(|Path(within)| Self(within))
            .map_err(|_| Failure::no_page())
    }
}

/// The query of a page.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Failure> {
        check_text(parts.uri.query().unwrap_or_default().as_bytes())?;
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Problem::invalid_request(None, &rejection.body_text()).into()),
        }
    }
}

/// The fields of a form.
#[derive(Debug)]
pub(super) struct Fields<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let body = Request::from_parts(parts.clone(), body);
        let body = body::read(body, app).await?;
        check_text(&body)?;
        let request = Request::from_parts(parts, body.into());
        match Form::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(Problem::invalid_request(None, &rejection.body_text()).into()),
        }
    }
}

/// Refuses a NUL character: nothing that is stored holds one, and PostgreSQL would fail on it.
fn check_text(encoded: &[u8]) -> Result<(), Problem> {
    if encoded.contains(&0) || encoded.windows(3).any(|part| part == b"%00") {
        return Err(Problem::invalid_request(
            None,
            "a field holds a NUL character",
        ));
    }
    Ok(())
}
